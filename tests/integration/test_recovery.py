"""A link is lost, or late, in a run: who waits for whom, and what the run computes in the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from grpc import aio

from basestation.policy import Policy
from common import messages as m
from common.config import RunConfig
from common.pb import control_pb2 as pb
from common.pb.control_pb2_grpc import ControlStub
from common.plan import RunPlan
from common.results import RunResult
from tests.integration.raw_device import RawDevice, level_block, raw_device
from tests.integration.servers import CONFIG, Servers, servers
from tests.integration.testbed import DIGEST, TEST, TRAIN, DeviceThread, run_distributed, tiny_data

PATIENT = Policy(rejoin_s=20.0)
TWO_LINKS = CONFIG.model_copy(
    update={
        "links": 2,
        "training": CONFIG.training.model_copy(update={"epochs": 4}),
        "inference": CONFIG.inference.model_copy(update={"latency_samples": 3}),
    }
)


@asynccontextmanager
async def status_of(running: Servers) -> AsyncIterator[AsyncIterator[pb.RunEvent]]:
    """What a watcher of the run sees."""
    async with aio.insecure_channel(running.addresses["base station"]) as grpc_channel:
        call = ControlStub(grpc_channel).WatchRun(pb.WatchRunRequest())
        yield aiter(call)
        call.cancel()


async def until(events: AsyncIterator[pb.RunEvent], body: str) -> None:
    async for event in events:
        if event.WhichOneof("body") == body:
            return
    raise AssertionError(f"the run ended without {body}")


async def _run_with_a_loss(config: RunConfig, folder: Path, lost_after: str, policy: Policy) -> RunResult:
    data = tiny_data(2)
    async with servers(folder, config, policy) as running, status_of(running) as events:
        address = running.addresses["channel"]
        stays, leaves = (DeviceThread(address, link, data.views, folder) for link in (0, 1))
        await until(events, lost_after)
        leaves.client.stop()
        await leaves.join()
        returns = DeviceThread(address, None, data.views, folder)
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
            status = await stub.GetStatus(pb.GetStatusRequest(), timeout=5)
            if status.restarts == 1 and status.queries >= 2 * TWO_LINKS.inference.latency_samples:
                return


def assert_same_result(result: RunResult, expected: RunResult) -> None:
    assert result.weights_sha256 == expected.weights_sha256
    assert (result.error_rate, result.error_rate_soft) == (expected.error_rate, expected.error_rate_soft)
    assert result.steps == expected.steps


def test_a_run_that_lost_a_device_in_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    expected = asyncio.run(run_distributed(TWO_LINKS, tiny_data(2), tmp_path))
    result = asyncio.run(_run_with_a_loss(TWO_LINKS, tmp_path, "epoch", PATIENT))
    assert_same_result(result, expected)


def test_a_device_lost_while_serving_answers_again_from_the_checkpoint(tmp_path: Path) -> None:
    expected = asyncio.run(run_distributed(TWO_LINKS, tiny_data(2), tmp_path))
    serving = Policy(rejoin_s=20.0, serve_every_s=0.05)
    result = asyncio.run(_run_with_a_loss(TWO_LINKS, tmp_path, "result", serving))
    assert_same_result(result, expected)


def test_watchers_see_each_epoch_once_however_often_the_run_starts_over(tmp_path: Path) -> None:
    async def scenario() -> list[int]:
        data = tiny_data(2)
        async with servers(tmp_path, TWO_LINKS, PATIENT) as running:
            address = running.addresses["channel"]
            devices = [DeviceThread(address, link, data.views, tmp_path) for link in (0, 1)]
            async with status_of(running) as events:
                await until(events, "epoch")
                devices[1].client.stop()
                devices.append(DeviceThread(address, None, data.views, tmp_path))
                later = [event.epoch.epoch async for event in events if event.WhichOneof("body") == "epoch"]
            await running.run
            for device in devices:
                await device.join()
        return [0, *later]

    assert asyncio.run(scenario()) == [0, 1, 2, 3]


@asynccontextmanager
async def two_raw_devices(
    folder: Path, policy: Policy, server: str = "channel"
) -> AsyncIterator[tuple[Servers, RawDevice, RawDevice]]:
    """Servers, and two devices that have both been told to begin step 0."""
    async with servers(folder, TWO_LINKS, policy) as running:
        address = running.addresses[server]
        async with raw_device(address, TWO_LINKS) as first, raw_device(address, TWO_LINKS) as second:
            for link, device in enumerate((first, second)):
                await device.shake_hands(link=link)
                await device.say(m.Ready(TRAIN, TEST, DIGEST))
            for device in (first, second):
                assert await device.hear() == m.TrainStep(0)
            yield running, first, second


def first_block(device: RawDevice) -> m.SymbolBlock:
    assert device.contract is not None
    return level_block(device.contract, RunPlan(TWO_LINKS, TRAIN, TEST).block_ids(m.Phase.TRAIN, 0, 0))


@pytest.mark.parametrize("server", ["base station", "channel"])
def test_what_a_device_sent_before_it_heard_of_the_new_start_is_dropped(server: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, PATIENT, server) as (running, stays, leaves):
            await stays.say(first_block(stays))
            leaves.hang_up()
            assert isinstance(await stays.hear(), m.Welcome)
            await stays.say(first_block(stays))  # a second time, as if it had not heard yet
            await stays.say(m.PartSaved(0, "0" * 64))
            await stays.say(m.Ready(TRAIN, TEST, DIGEST))
            async with raw_device(running.addresses[server], TWO_LINKS) as returns:
                assert (await returns.shake_hands()).link == 1
                await returns.say(m.Ready(TRAIN, TEST, DIGEST))
                for device in (stays, returns):
                    assert await device.hear() == m.TrainStep(0)
                    await device.say(first_block(device))
                assert isinstance(await stays.hear(), m.Gradient)

    asyncio.run(scenario())


def test_a_device_that_does_not_come_back_in_time_fails_the_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, Policy(rejoin_s=0.2)) as (running, stays, leaves):
            leaves.hang_up()
            code, details = await stays.end()
            assert code == "ABORTED"
            assert "link 1 (device raw) was lost" in details
            assert "it did not come back within 0.2 s" in await running.failure()

    asyncio.run(scenario())


def test_a_device_that_gives_up_is_not_waited_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, Policy(rejoin_s=1000.0)) as (running, _, leaves):
            await leaves.say(m.Leaving("the sensor is on fire"))
            assert "it gave up: the sensor is on fire" in await running.failure()

    asyncio.run(scenario())


def test_a_link_that_keeps_the_others_waiting_is_late_until_it_answers(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with (
            two_raw_devices(tmp_path, Policy(late_after_s=0.2)) as (running, prompt, slow),
            status_of(running) as events,
        ):
            await prompt.say(first_block(prompt))
            late = _late_links(events)
            assert await _next_but(late, []) == [1]
            await slow.say(first_block(slow))
            assert await _next_but(late, [1]) == []

    asyncio.run(scenario())


async def _late_links(events: AsyncIterator[pb.RunEvent]) -> AsyncIterator[list[int]]:
    async for event in events:
        if event.WhichOneof("body") == "status":
            yield [link.link for link in event.status.links if link.late]


async def _next_but(values: AsyncIterator[list[int]], known: list[int]) -> list[int]:
    async for value in values:
        if value != known:
            return value
    raise AssertionError(f"nothing but {known} came")


def test_a_base_station_that_serves_on_ends_in_good_order_when_it_is_stopped(tmp_path: Path) -> None:
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
