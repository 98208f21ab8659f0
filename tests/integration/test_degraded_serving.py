"""Runs that serve without a link that was lost, and with it again when it is back."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from splitwave.basestation.run.policy import Policy
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.workload import STAMPS, Workload
from splitwave.common.records.results import RunResult
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.control_client import ask_status, measure
from tests.integration.servers import CONFIG, Servers, servers
from tests.integration.test_equality import compare, config_of
from tests.integration.testbed import DeviceThread, tiny_data
from tests.limits import LIMIT_S

SERVING = Policy(serve_every_s=0.02)
DEADLINE = {"policy": "deadline", "deadline_ms": 20.0}
QUORUM = {"policy": "quorum", "quorum": 2}
NEVER = {"policy": "deadline", "deadline_ms": 1e9}


def three_links(**fusion: object) -> RunConfig:
    return RunConfig.model_validate(
        CONFIG.model_dump() | {"links": 3, "inference": {"latency_samples": 5, "block_size": 8}, "fusion": fusion}
    )


async def status_when(running: Servers, reached: Callable[[pb.RunStatus], bool]) -> pb.RunStatus:
    """Poll the status until `reached` accepts it, and return it."""
    async with asyncio.timeout(LIMIT_S):
        while not reached(status := await ask_status(running.addresses["base station"])):
            assert not status.failure
        return status


def answered_by(status: pb.RunStatus, *links: int) -> int:
    """How many queries were answered from the symbols of these links alone."""
    return sum(each.totals.queries for each in status.by_links if tuple(each.links) == links)


def takes_part(status: pb.RunStatus) -> bool:
    """Whether the device of link 1 has sent the queries of a whole pass since it connected."""
    return status.links[1].blocks >= 5


async def lose(device: DeviceThread) -> None:
    device.client.stop()
    await device.join()


async def serve_without_a_link(config: RunConfig, folder: Path) -> RunResult:
    """Link 1 is lost while the run serves, and its device comes back."""
    data = tiny_data(3)
    async with servers(folder, config, SERVING) as running:
        address = running.addresses["channel"]
        devices = [DeviceThread(address, link, data.views, folder) for link in range(3)]
        await status_when(running, lambda status: status.queries > 0)
        await lose(devices[1])
        degraded = await status_when(running, lambda status: answered_by(status, 0, 2) >= 10)
        assert [bool(link.device_id) for link in degraded.links] == [True, False, True]
        devices.append(DeviceThread(address, 1, data.views, folder))
        restored = await status_when(running, takes_part)
        assert (restored.restarts, restored.stage) == (0, pb.STAGE_SERVING)
        if config.fusion.policy == "deadline":
            everyone = answered_by(degraded, 0, 1, 2)
            await status_when(running, lambda status: answered_by(status, 0, 1, 2) > everyone)
        running.stop.set()
        result = await running.run
        for device in devices:
            await device.join()
        assert [device.error for device in (devices[0], *devices[2:])] == [None] * 3
    assert result is not None
    return result


@pytest.mark.parametrize("fusion", [DEADLINE, QUORUM, NEVER], ids=["deadline", "quorum", "a deadline far away"])
def test_a_run_serves_on_without_a_lost_link_and_with_it_when_it_is_back(
    fusion: dict[str, object], tmp_path: Path
) -> None:
    """Nobody waits for a link that is known to be lost, however far away the deadline is."""
    result = asyncio.run(serve_without_a_link(three_links(**fusion), tmp_path))

    counts = {each.links: each.totals.queries for each in result.by_links}
    assert counts[0, 2] >= 10
    assert sum(counts.values()) == result.queries.queries
    if fusion is NEVER:  # otherwise the first links may be answered without another one at any time
        assert counts.keys() == {(0, 1, 2), (0, 2)}


def test_a_workload_is_measured_to_its_end_without_a_link_that_is_lost_meanwhile(tmp_path: Path) -> None:
    async def scenario() -> None:
        data = tiny_data(3)
        async with servers(tmp_path, three_links(**DEADLINE), Policy(serve_every_s=3600.0)) as running:
            address = running.addresses["channel"]
            devices = [DeviceThread(address, link, data.views, tmp_path) for link in range(3)]
            before = await status_when(running, lambda status: status.queries > 0)
            load = Workload(queries=400, samples=1, window=1, rate_per_s=200.0, seed=1)
            measuring = asyncio.create_task(measure(running.addresses["base station"], load))
            sent = before.links[2].blocks + 20
            await status_when(running, lambda status: status.links[2].blocks >= sent)
            await lose(devices[2])
            stamps = await measuring
            assert [each.link for each in stamps] == [0, 1]
            assert all(each.at_ns.shape == (400, len(STAMPS)) for each in stamps)
            assert (await ask_status(running.addresses["base station"])).restarts == 0
            running.stop.set()
            assert await running.run is not None
            for device in devices:
                await device.join()

    asyncio.run(scenario())


def test_a_run_starts_over_when_fewer_links_are_left_than_the_quorum(tmp_path: Path) -> None:
    async def scenario() -> None:
        data = tiny_data(3)
        policy = Policy(rejoin_s=LIMIT_S, serve_every_s=0.02)
        async with servers(tmp_path, three_links(**QUORUM), policy) as running:
            address = running.addresses["channel"]
            devices = [DeviceThread(address, link, data.views, tmp_path) for link in range(3)]
            await status_when(running, lambda status: status.queries > 0)
            await lose(devices[1])
            await status_when(running, lambda status: not status.links[1].device_id)
            await lose(devices[2])
            waiting = await status_when(running, lambda status: status.restarts > 0)
            assert waiting.stage == pb.STAGE_WAITING
            devices += [DeviceThread(address, link, data.views, tmp_path) for link in (1, 2)]
            await status_when(running, takes_part)
            running.stop.set()
            assert await running.run is not None
            for device in devices:
                await device.join()

    asyncio.run(scenario())


@pytest.mark.parametrize("fusion", [NEVER, {"policy": "quorum", "quorum": 2}], ids=["deadline", "quorum"])
def test_a_policy_without_missing_links_changes_no_bit(fusion: dict[str, object], tmp_path: Path) -> None:
    compare(config_of(2, 1, 2, "straight-through", 15, fusion=fusion), tmp_path)
