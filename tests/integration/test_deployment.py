"""A station changes its model while devices send queries."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from splitwave.common.errors import ConfigError
from splitwave.common.protocol.live_messages import ModelReady, Outcome, QueryAnswer
from splitwave.common.protocol.query_name import QueryName
from splitwave.testbed.control_client import ask_status, deploy, roll_back
from tests.integration.live_stations import LiveDevice, export, live_devices, station
from tests.integration.test_live_queries import QUERIES, TWO_LINKS, Reference, changed
from tests.limits import LIMIT_S

SENT = 300
HALF = SENT // QUERIES // 2
SENT_BY_ONE = HALF - 5


@asynccontextmanager
async def listening(devices: list[LiveDevice]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(device.listen()) for device in devices]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(devices: list[LiveDevice], reached: Callable[[LiveDevice], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        for device in devices:
            while not reached(device):
                device.changed.clear()
                await device.changed.wait()


def test_no_query_is_lost_or_answered_by_two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each device sends in its own time, so that there are queries whose parts come from both models."""
    networks = [export(TWO_LINKS, tmp_path / str(seed), weights_seed=seed) for seed in (1, 2)]
    references = {
        number: Reference(TWO_LINKS, each, monkeypatch).queries(0) for number, each in enumerate(networks, start=1)
    }

    async def send(device: LiveDevice, link: int, lead: int, go: asyncio.Event) -> None:
        for stream in range(SENT // QUERIES):
            if stream == lead:
                await go.wait()
            for number in range(QUERIES):
                await device.submit(QueryName(stream, number), references[1][number][0][link])
            await asyncio.sleep(0)

    async def scenario() -> list[list[QueryAnswer]]:
        async with (
            station(tmp_path / "1") as served,
            live_devices(served, TWO_LINKS, tmp_path, (0, 1)) as devices,
            listening(devices),
        ):
            events = [asyncio.Event(), asyncio.Event()]
            sending = [
                asyncio.create_task(send(device, link, lead, go))
                for link, (device, lead, go) in enumerate(zip(devices, (HALF, SENT_BY_ONE), events, strict=True))
            ]
            # Device 0 is five streams ahead of device 1 when the model changes: their parts are of different models.
            await until(devices, lambda device: len(device.answers) >= SENT_BY_ONE * QUERIES)
            reply = await deploy(served.address, tmp_path / "2")
            assert (reply.number, reply.devices) == (2, 2)
            await until(devices, lambda device: device.used == [2])
            for go in events:
                go.set()
            await asyncio.gather(*sending)
            await until(devices, lambda device: len(device.answers) >= SENT)
            status = await ask_status(served.address)
            assert (status.model_number, status.model_version, status.queries) == (2, reply.version, SENT)
        return [device.answers for device in devices]

    answers = asyncio.run(scenario())
    assert all(Counter(answer.outcome for answer in of) == {Outcome.ANSWERED: SENT} for of in answers)
    first, second = ({answer.key: answer for answer in of} for of in answers)
    assert len(first) == len(second) == SENT
    models = Counter(answer.model for answer in first.values())
    assert set(models) == {1, 2}
    for key, answer in first.items():
        assert (answer.model, answer.answers) == (second[key].model, second[key].answers)
        if QueryName.of(key).stream == 0:  # its noise is that of the reference
            _, given, probabilities = references[answer.model][QueryName.of(key).sequence]
            np.testing.assert_array_equal(answer.probabilities, probabilities)
            assert answer.answers == given
    mixed = {
        stream: {answer.model for key, answer in first.items() if QueryName.of(key).stream == stream}
        for stream in (20, 24)
    }
    assert mixed == {20: {2}, 24: {2}}  # device 0 had sent its parts with the first model


def test_a_device_that_joined_later_is_sent_the_model_that_is_rolled_back_to(tmp_path: Path) -> None:
    for seed in (1, 2):
        export(TWO_LINKS, tmp_path / str(seed), weights_seed=seed)

    async def scenario() -> tuple[list[int], list[int], list[str]]:
        async with (
            station(tmp_path / "1") as served,
            live_devices(served, TWO_LINKS, tmp_path, (0,)) as (first,),
            listening([first]),
        ):
            replies = [await deploy(served.address, tmp_path / "2")]
            await until([first], lambda device: device.used == [2])
            async with live_devices(served, TWO_LINKS, tmp_path, (1,)) as (second,), listening([second]):
                assert second.current == 2
                replies += [await roll_back(served.address) for _ in ("back", "forth again")]
                await until([first, second], lambda device: device.used[-1:] == [2])
                return first.used, second.used, [reply.version for reply in replies]

    first, second, versions = asyncio.run(scenario())
    assert (first, second) == ([2, 1, 2], [1, 2])
    assert versions[0] == versions[2] != versions[1]


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [("", "1 (device live-1) did not load it within "), ("no memory", "refused by link 1 (device live-1): no memory")],
    ids=["silent", "refusing"],
)
def test_a_deployment_that_a_device_does_not_follow_changes_nothing(refusal: str, reason: str, tmp_path: Path) -> None:
    for seed in (1, 2):
        export(TWO_LINKS, tmp_path / str(seed), weights_seed=seed)
    sample = np.zeros(392, dtype=np.float32)

    async def scenario() -> tuple[str, list[QueryAnswer]]:
        async with (
            station(tmp_path / "1", ready_limit_s=LIMIT_S if refusal else 0.5) as served,
            live_devices(served, TWO_LINKS, tmp_path, (0, 1)) as devices,
            listening(devices),
        ):
            devices[1].refusal = refusal
            with pytest.raises(ConfigError) as error:
                await deploy(served.address, tmp_path / "2")
            for device in devices:
                await device.submit(QueryName(0, 0), sample)
            await until(devices, lambda device: len(device.answers) == 1)
            assert (await ask_status(served.address)).model_number == 1
            assert devices[0].used == devices[1].used == []
            return str(error.value), devices[0].answers

    found, (answer,) = asyncio.run(scenario())
    assert reason in found
    assert "; all go on with model " in found
    assert (answer.outcome, answer.model) == (Outcome.ANSWERED, 1)


def test_a_part_of_a_model_that_its_device_then_refused_ends_the_stream_of_that_device_alone(tmp_path: Path) -> None:
    config = changed(fusion={"policy": "quorum", "quorum": 1})
    for seed in (1, 2):
        export(config, tmp_path / str(seed), weights_seed=seed)

    async def scenario() -> tuple[tuple[str, str], int]:
        async with (
            station(tmp_path / "1", with_channel=False) as served,
            live_devices(served, config, tmp_path, (0, 1)) as (device, _),  # the other does not load the new model
        ):
            deploying = asyncio.create_task(deploy(served.address, tmp_path / "2"))
            await device.listen_for_models(2)
            await device.raw.send(ModelReady(2, "no memory"))
            with pytest.raises(ConfigError, match="refused by link 0"):
                await deploying
            device.current = 2
            await device.submit(QueryName(0, 0), np.zeros(392, dtype=np.float32))
            return await device.raw.end(), (await ask_status(served.address)).model_number

    (status, reason), in_use = asyncio.run(scenario())
    assert (status, in_use) == ("FAILED_PRECONDITION", 1)
    assert "link 0 encoded it with model 2, which it has not said to be ready" in reason


def test_a_query_that_came_with_a_model_which_was_then_given_up_is_answered(tmp_path: Path) -> None:
    """A device that sends parts of a model before it is in use gets an answer of it, and breaks nothing."""
    config = changed(fusion={"policy": "deadline", "deadline_ms": 1000 * LIMIT_S})
    for seed in (1, 2):
        export(config, tmp_path / str(seed), weights_seed=seed)

    async def scenario() -> tuple[QueryAnswer, int]:
        async with (
            station(tmp_path / "1", with_channel=False) as served,
            live_devices(served, config, tmp_path, (0,)) as (device,),
        ):
            async with live_devices(served, config, tmp_path, (1,)) as (other,):
                other.refusal = "no memory"
                deploying = asyncio.create_task(deploy(served.address, tmp_path / "2"))
                await device.listen_for_models(2)
                device.current = 2
                await device.submit(QueryName(0, 0), np.zeros(392, dtype=np.float32))
                while not (await ask_status(served.address)).links[0].blocks:
                    pass
                async with listening([other]):
                    with pytest.raises(ConfigError, match="refused by link 1"):
                        await deploying
            (answer,) = await device.listen_until(1)  # nobody waits for the device that has left
            return answer, (await ask_status(served.address)).model_number

    answer, in_use = asyncio.run(scenario())
    assert (answer.outcome, answer.model, answer.links, in_use) == (Outcome.ANSWERED, 2, (0,), 1)
