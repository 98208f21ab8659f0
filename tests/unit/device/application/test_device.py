"""`sw.Device` and `sw.AsyncDevice`, over a link without a network."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

import splitwave as sw
from splitwave.common.errors import AddressError, ConfigError, UnreachableError
from splitwave.device.application import device_options
from splitwave.device.application.opening import LinkOptions
from tests.limits import LIMIT_S
from tests.unit.device.application.answering_link import AnsweringLink

X = np.eye(10, dtype=np.float32)


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Iterator[AnsweringLink]:
    """The link that the next device opens; it must be closed in the end."""
    found, options = AnsweringLink(), list[LinkOptions]()

    def open_link(given: LinkOptions) -> AnsweringLink:
        options.append(given)
        return found

    monkeypatch.setattr(device_options, "open_link", open_link)
    yield found
    assert options[0].connect == "station:5"
    assert found.closed


def test_a_device_answers_within_its_context(link: AnsweringLink) -> None:
    with sw.Device(connect="station:5", model="folder", link=1, stream=7) as device:
        answer = device.infer(X[4])
        assert isinstance(answer, sw.Answer)
        assert (answer.value, answer.name.stream, answer.name.sequence) == (4, 7, 0)
        assert device.submit(X[5], stream=1, sequence=9).result(LIMIT_S).name.sequence == 9
    with pytest.raises(ConfigError, match="the device is not open"):
        device.infer(X[4])
    assert [name.stream for name, _ in link.submitted] == [7, 1]


def test_a_stream_of_a_device_ends_with_it(link: AnsweringLink) -> None:
    link.holds = True
    with sw.Device("station:5") as device:
        stream = device.stream(iter(X), buffer="drop-oldest", most_waiting=3)
        link.wait_for_queries(1, LIMIT_S)
    with pytest.raises(StopIteration):
        next(stream)


def test_a_stream_of_an_asynchronous_device_ends_with_it(link: AnsweringLink) -> None:
    link.holds = True

    async def run() -> list[sw.Answer]:
        async with sw.AsyncDevice("station:5") as device:
            stream = device.stream(iter(X))
            await asyncio.to_thread(link.wait_for_queries, 1, LIMIT_S)
            consumer = asyncio.create_task(collected(stream))
        return await asyncio.wait_for(consumer, LIMIT_S)

    assert asyncio.run(run()) == []


async def collected(answers: AsyncIterator[sw.Answer]) -> list[sw.Answer]:
    return [answer async for answer in answers]


def test_options_that_do_not_fit_the_model_close_the_link(link: AnsweringLink) -> None:
    with pytest.raises(ConfigError, match="names of classes"), sw.Device("station:5", class_names=("a",)):
        pass
    assert link.closed


def test_an_asynchronous_device_answers(link: AnsweringLink) -> None:
    async def run() -> tuple[Sequence[object], Sequence[object]]:
        async with sw.AsyncDevice("station:5", capture_period_ms=10) as device:
            answers = await asyncio.gather(*(device.infer(x, sequence=place) for place, x in enumerate(X)))
            assert (await device.infer(X[0], captured_ns=10**9)).name.sequence == 100
            streamed = [answer.value async for answer in device.stream(X[::-1], buffer="block")]
        return [answer.value for answer in answers], streamed

    assert asyncio.run(run()) == (list(range(10)), list(range(9, -1, -1)))
    assert len(link.submitted) == 21


def test_an_asynchronous_caller_waits_no_longer_than_it_says(link: AnsweringLink) -> None:
    link.holds = True

    async def run() -> None:
        async with sw.AsyncDevice("station:5") as device:
            await device.infer(X[0], timeout_s=0.001)

    with pytest.raises(UnreachableError, match=r"no answer within 0\.001 s"):
        asyncio.run(run())


@pytest.mark.parametrize(
    ("connect", "link_number", "error"), [("nowhere", None, AddressError), ("127.0.0.1:1", 64, ConfigError)]
)
def test_options_of_the_link_are_checked_before_anything_is_dialled(
    connect: str, link_number: int | None, error: type[Exception]
) -> None:
    with pytest.raises(error, match=f"{connect}|link = 64"), sw.Device(connect, link=link_number):
        pass


def test_a_station_that_is_not_there_is_one_error() -> None:
    with (
        pytest.raises(UnreachableError, match="unix:"),
        sw.Device("unix:/tmp/no-such-splitwave-station", connect_timeout_s=0.2),
    ):
        pass


def test_a_model_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(sw.SplitwaveError, match="absent"), sw.Device("127.0.0.1:1", model=tmp_path / "absent"):
        pass
