"""Runs that lose a link end with the same results as runs without a loss."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from grpc import aio

from splitwave.basestation.run.policy import Policy
from splitwave.common.config.run_config import RunConfig
from splitwave.common.records.results import RunResult
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import ControlStub
from tests.integration.servers import Servers, servers
from tests.integration.testbed import DeviceThread, Pause, run_distributed, tiny_data
from tests.integration.two_links import PATIENT, TWO_LINKS
from tests.limits import LIMIT_S

PAUSED_STEP = 7
"""A step of the second of four epochs."""


@asynccontextmanager
async def status_of(running: Servers) -> AsyncIterator[AsyncIterator[pb.RunEvent]]:
    """The events that a watcher of the run receives."""
    async with aio.insecure_channel(running.addresses["base station"]) as grpc_channel:
        call = ControlStub(grpc_channel).WatchRun(pb.WatchRunRequest())
        yield aiter(call)
        call.cancel()


async def lose(device: DeviceThread, pause: Pause | None = None) -> None:
    """Make a device leave the run; a paused device leaves without a message."""
    device.client.stop()
    if pause is not None:
        pause.over.set()
    await device.join()


async def until(events: AsyncIterator[pb.RunEvent], body: str) -> None:
    async for event in events:
        if event.WhichOneof("body") == body:
            return
    raise AssertionError(f"the run ended without {body}")


async def _run_with_a_loss(
    config: RunConfig, folder: Path, lost_after: str, policy: Policy, links_a_stream: int = 1
) -> RunResult:
    data = tiny_data(config.links)
    async with servers(folder, config, policy) as running, status_of(running) as events:
        address = running.addresses["channel"]
        hosted = [range(first, first + links_a_stream) for first in (0, links_a_stream)]
        pause = (
            Pause(PAUSED_STEP) if lost_after == "epoch" else None
        )  # without it, a fast run could end before the loss
        stays = DeviceThread(address, hosted[0], data.views, folder)
        leaves = DeviceThread(address, hosted[1], data.views, folder, pause=pause)
        await until(events, lost_after)
        await lose(leaves, pause)
        returns = DeviceThread(address, None if links_a_stream == 1 else hosted[1], data.views, folder)
        if policy.serve_every_s is not None:
            await _until_served_again(running)
            running.stop.set()
        result = await running.run
        for device in (stays, leaves, returns):
            await device.join()
            assert device.error is None
    assert result is not None
    return result


async def _until_served_again(running: Servers) -> None:
    async with aio.insecure_channel(running.addresses["base station"]) as grpc_channel:
        stub = ControlStub(grpc_channel)
        while True:
            status = await stub.GetStatus(pb.GetStatusRequest(), timeout=LIMIT_S)
            if status.restarts == 1 and status.queries >= 2 * TWO_LINKS.inference.latency_samples:
                return


def assert_same_result(result: RunResult, expected: RunResult) -> None:
    assert result.weights_sha256 == expected.weights_sha256
    assert (result.error, result.error_soft) == (expected.error, expected.error_soft)
    assert result.steps == expected.steps


def over(**channel: object) -> RunConfig:
    """The settings of two links over another channel."""
    return RunConfig.model_validate(TWO_LINKS.model_dump() | {"channel": channel})


@pytest.mark.parametrize(
    "config",
    [
        TWO_LINKS,
        over(timing={"airtime": True, "delay_ms": 20.0, "time_scale": 0.01}),
        over(model=["interference", "awgn"]),
        over(model=["over-the-air", "awgn"], timing={"airtime": True, "medium": "tdma", "time_scale": 0.01}),
    ],
    ids=["at once", "timed", "meeting", "both"],
)
def test_a_run_that_lost_a_device_in_training_ends_with_the_same_weights(config: RunConfig, tmp_path: Path) -> None:
    expected = asyncio.run(run_distributed(config, tiny_data(2), tmp_path))
    result = asyncio.run(_run_with_a_loss(config, tmp_path, "epoch", PATIENT))
    assert_same_result(result, expected)


@pytest.mark.parametrize("lost_after", ["epoch", "result"])
def test_a_process_that_was_lost_gets_all_its_links_again(lost_after: str, tmp_path: Path) -> None:
    config = TWO_LINKS.model_copy(update={"links": 4})
    expected = asyncio.run(run_distributed(config, tiny_data(4), tmp_path))
    policy = PATIENT if lost_after == "epoch" else Policy(rejoin_s=LIMIT_S, serve_every_s=0.05)

    result = asyncio.run(_run_with_a_loss(config, tmp_path, lost_after, policy, links_a_stream=2))

    assert_same_result(result, expected)


def test_a_device_that_was_lost_while_serving_serves_again_from_the_checkpoint(tmp_path: Path) -> None:
    expected = asyncio.run(run_distributed(TWO_LINKS, tiny_data(2), tmp_path))
    serving = Policy(rejoin_s=LIMIT_S, serve_every_s=0.05)
    result = asyncio.run(_run_with_a_loss(TWO_LINKS, tmp_path, "result", serving))
    assert_same_result(result, expected)


def test_watchers_receive_each_epoch_once_although_the_run_starts_over(tmp_path: Path) -> None:
    async def scenario() -> list[int]:
        data = tiny_data(2)
        async with servers(tmp_path, TWO_LINKS, PATIENT) as running:
            address = running.addresses["channel"]
            pause = Pause(PAUSED_STEP)
            devices = [
                DeviceThread(address, 0, data.views, tmp_path),
                DeviceThread(address, 1, data.views, tmp_path, pause=pause),
            ]
            async with status_of(running) as events:
                await until(events, "epoch")
                await lose(devices[1], pause)
                devices.append(DeviceThread(address, None, data.views, tmp_path))
                later = [event.epoch.epoch async for event in events if event.WhichOneof("body") == "epoch"]
            await running.run
            for device in devices:
                await device.join()
        return [0, *later]

    assert asyncio.run(scenario()) == [0, 1, 2, 3]


def test_a_serving_base_station_ends_without_errors_when_it_is_stopped(tmp_path: Path) -> None:
    async def scenario() -> None:
        data = tiny_data(2)
        async with servers(tmp_path, TWO_LINKS, Policy(serve_every_s=0.05)) as running:
            devices = [DeviceThread(running.addresses["channel"], link, data.views, tmp_path) for link in (0, 1)]
            async with status_of(running) as events:
                await until(events, "result")
            running.stop.set()
            assert await running.run is not None
            for device in devices:
                await device.join()
                assert device.error is None

    asyncio.run(scenario())
