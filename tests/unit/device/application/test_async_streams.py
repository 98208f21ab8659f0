"""Asynchronous streams of samples: as the others, and time limits, tasks and event loops."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import pytest

from splitwave.common.errors import UnreachableError
from splitwave.device.application.async_answer_stream import AsyncAnswerStream
from splitwave.device.application.sample import SampleError
from splitwave.device.application.submitter import Submitter
from tests.limits import LIMIT_S
from tests.unit.device.application.answering_link import AnsweringLink
from tests.unit.device.application.fed_source import FedSource, sample

Values = Sequence[object]


async def digits(*numbers: int) -> AsyncIterator[object]:
    for number in numbers:
        yield sample(number)


def test_asynchronous_streams_read_either_kind_of_iterable() -> None:
    async def run() -> tuple[Values, Values]:
        submitter = Submitter(AnsweringLink())
        async with AsyncAnswerStream(submitter, digits(1, 2, 3)) as stream:
            first: Values = [answer.value async for answer in stream]
        return first, [answer.value async for answer in AsyncAnswerStream(submitter, map(sample, range(10)))]

    assert asyncio.run(run()) == ([1, 2, 3], list(range(10)))


def test_an_asynchronous_stream_drops_old_samples_and_counts_them() -> None:
    async def run() -> tuple[object, object, int]:
        link, taken = AnsweringLink(holds=True), asyncio.Event()

        async def source() -> AsyncIterator[object]:
            yield sample(0)
            await asyncio.to_thread(link.wait_for_queries, 1, LIMIT_S)
            for number in (1, 2, 3):
                yield sample(number)
            taken.set()

        stream = AsyncAnswerStream(Submitter(link), source(), buffer="latest")
        await asyncio.wait_for(taken.wait(), LIMIT_S)
        link.release()
        first = (await anext(stream)).value
        await asyncio.to_thread(link.wait_for_queries, 2, LIMIT_S)
        link.release()
        return first, [answer.value async for answer in stream], stream.dropped

    assert asyncio.run(run()) == (0, [3], 2)


def test_an_asynchronous_stream_reports_refused_samples_and_errors_of_the_source() -> None:
    async def run() -> list[str]:
        async def source() -> AsyncIterator[object]:
            yield sample(1)[:2]
            raise OSError("unplugged")

        seen: list[str] = []
        stream = AsyncAnswerStream(Submitter(AnsweringLink()), source(), on_refused=lambda e: seen.append(str(e)))
        with pytest.raises(OSError, match="unplugged"):
            await anext(stream)
        return seen

    (reason,) = asyncio.run(run())
    assert "shape (2,)" in reason


def test_leaving_an_asynchronous_stream_early_ends_its_tasks_and_threads() -> None:
    async def run() -> int:
        link = AnsweringLink(holds=True)
        async with AsyncAnswerStream(Submitter(link), digits(*[1] * 100)):
            await asyncio.to_thread(link.wait_for_queries, 64, LIMIT_S)
        return len(asyncio.all_tasks())

    before = set(threading.enumerate())
    assert asyncio.run(run()) == 1
    for thread in set(threading.enumerate()) - before:
        thread.join(LIMIT_S)
        assert not thread.is_alive(), thread.name


def test_an_asynchronous_stream_that_was_closed_gives_no_more() -> None:
    async def run() -> None:
        stream = AsyncAnswerStream(Submitter(AnsweringLink()), map(sample, range(3)))
        assert (await anext(stream)).value == 0
        await stream.aclose()
        await stream.aclose()
        with pytest.raises(StopAsyncIteration):
            await asyncio.wait_for(anext(stream), LIMIT_S)

    asyncio.run(run())


def test_a_time_limit_on_an_answer_loses_none() -> None:
    async def run() -> tuple[int, Values]:
        link = AnsweringLink(holds=True)
        stream = AsyncAnswerStream(Submitter(link), [sample(4), sample(5)])
        await asyncio.to_thread(link.wait_for_queries, 2, LIMIT_S)
        timed_out = 0
        for _ in range(3):
            try:
                await asyncio.wait_for(anext(stream), 0.001)
            except TimeoutError:
                timed_out += 1
        link.release(2)
        return timed_out, [answer.value async for answer in stream]

    assert asyncio.run(run()) == (3, [4, 5])


def test_two_tasks_share_the_answers_of_an_asynchronous_stream() -> None:
    async def run() -> Values:
        stream = AsyncAnswerStream(Submitter(AnsweringLink()), map(sample, (4, 5)))
        return [answer.value for answer in await asyncio.gather(anext(stream), anext(stream))]

    assert asyncio.run(run()) == [4, 5]


def test_a_lost_link_reaches_an_asynchronous_stream_and_ends_it() -> None:
    async def run() -> None:
        link, fed = AnsweringLink(holds=True), asyncio.Event()

        async def source() -> AsyncIterator[object]:
            yield sample(0)
            await fed.wait()

        stream = AsyncAnswerStream(Submitter(link), source())
        await asyncio.to_thread(link.wait_for_queries, 1, LIMIT_S)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream), 0.001)
        link.fail(UnreachableError("no base station"))
        with pytest.raises(UnreachableError, match="no base station"):
            await anext(stream)
        for _ in range(2):
            with pytest.raises(StopAsyncIteration):
                await asyncio.wait_for(anext(stream), LIMIT_S)

    asyncio.run(run())


@pytest.mark.parametrize("submitted", [0, 1])
def test_closing_an_asynchronous_stream_wakes_its_consumer(submitted: int) -> None:
    async def run() -> list[object]:
        link, consuming = AnsweringLink(holds=True), asyncio.Event()
        source = FedSource()
        source.feed(*map(sample, range(submitted)))
        stream = AsyncAnswerStream(Submitter(link), source)

        async def consume() -> list[object]:
            consuming.set()
            return [answer.value async for answer in stream]

        consumer = asyncio.create_task(consume())
        await consuming.wait()
        await asyncio.to_thread(link.wait_for_queries, submitted, LIMIT_S)
        await stream.aclose()
        return await asyncio.wait_for(consumer, LIMIT_S)

    assert asyncio.run(run()) == []


def test_a_source_that_blocks_does_not_keep_an_event_loop() -> None:
    source = FedSource()

    async def run() -> None:
        async with AsyncAnswerStream(Submitter(AnsweringLink()), source):
            await asyncio.to_thread(source.wait_for_reads, 1)

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    ended = not thread.is_alive()
    source.feed(None)
    assert ended


def test_refused_samples_are_reported_in_the_event_loop() -> None:
    async def run() -> list[bool]:
        loop, seen = asyncio.get_running_loop(), list[bool]()
        items = [sample(1)[:3]]
        stream = AsyncAnswerStream(
            Submitter(AnsweringLink()), items, on_refused=lambda _: seen.append(asyncio.get_running_loop() is loop)
        )
        assert [answer async for answer in stream] == []
        return seen

    assert asyncio.run(run()) == [True]


def test_an_error_of_an_asynchronous_listener_reaches_the_iterator() -> None:
    def fail(_refused: SampleError) -> None:
        raise ValueError("a fault of the program")

    async def run() -> None:
        stream = AsyncAnswerStream(Submitter(AnsweringLink()), digits(1), on_refused=fail)
        assert (await anext(stream)).value == 1
        stream = AsyncAnswerStream(Submitter(AnsweringLink()), [sample(1)[:3]], on_refused=fail)
        with pytest.raises(ValueError, match="a fault of the program"):
            await asyncio.wait_for(anext(stream), LIMIT_S)

    asyncio.run(run())
