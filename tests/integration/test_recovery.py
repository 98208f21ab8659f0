"""A link is lost, or late, in a run: who waits for whom, and what the run computes in the end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from grpc import aio
from structlog.testing import capture_logs

from splitwave.basestation.links.link_failures import MAX_FRUITLESS_RESTARTS
from splitwave.basestation.run.policy import Policy
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.messages import Gradient, Leaving, PartSaved, Ready, TrainStep, Uplink, Welcome
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.records.results import RunResult
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb.control_pb2_grpc import ControlStub
from tests.integration.raw_device import RawDevice, level_block, raw_device
from tests.integration.servers import CONFIG, Servers, pass_time, servers
from tests.integration.testbed import DIGEST, TEST, TRAIN, DeviceThread, Pause, run_distributed, tiny_data
from tests.limits import LIMIT_S

PATIENT = Policy(rejoin_s=LIMIT_S)
MIDST = 7
"""A step of the second epoch of four."""
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


async def lose(device: DeviceThread, pause: Pause | None = None) -> None:
    """A device leaves the run, without a word if it pauses."""
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
        pause = Pause(MIDST) if lost_after == "epoch" else None  # else a fast run is over before it loses anybody
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


def test_a_run_that_lost_a_device_in_training_ends_with_the_same_weights(tmp_path: Path) -> None:
    expected = asyncio.run(run_distributed(TWO_LINKS, tiny_data(2), tmp_path))
    result = asyncio.run(_run_with_a_loss(TWO_LINKS, tmp_path, "epoch", PATIENT))
    assert_same_result(result, expected)


@pytest.mark.parametrize("lost_after", ["epoch", "result"])
def test_a_process_that_is_lost_with_all_its_links_comes_back_with_them(lost_after: str, tmp_path: Path) -> None:
    config = TWO_LINKS.model_copy(update={"links": 4})
    expected = asyncio.run(run_distributed(config, tiny_data(4), tmp_path))
    policy = PATIENT if lost_after == "epoch" else Policy(rejoin_s=LIMIT_S, serve_every_s=0.05)

    result = asyncio.run(_run_with_a_loss(config, tmp_path, lost_after, policy, links_a_stream=2))

    assert_same_result(result, expected)


def test_a_device_lost_while_serving_answers_again_from_the_checkpoint(tmp_path: Path) -> None:
    expected = asyncio.run(run_distributed(TWO_LINKS, tiny_data(2), tmp_path))
    serving = Policy(rejoin_s=LIMIT_S, serve_every_s=0.05)
    result = asyncio.run(_run_with_a_loss(TWO_LINKS, tmp_path, "result", serving))
    assert_same_result(result, expected)


def test_watchers_see_each_epoch_once_however_often_the_run_starts_over(tmp_path: Path) -> None:
    async def scenario() -> list[int]:
        data = tiny_data(2)
        async with servers(tmp_path, TWO_LINKS, PATIENT) as running:
            address = running.addresses["channel"]
            pause = Pause(MIDST)
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
                await device.say(Ready(TRAIN, TEST, DIGEST))
            for device in (first, second):
                assert await device.hear() == TrainStep(0)
            yield running, first, second


def first_block(device: RawDevice) -> SymbolBlock:
    assert device.contract is not None
    return level_block(device.contract, RunPlan(TWO_LINKS, TRAIN, TEST).block_ids(Phase.TRAIN, 0, 0))


@pytest.mark.parametrize("server", ["base station", "channel"])
def test_what_a_device_sent_before_it_heard_of_the_new_start_is_dropped(server: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, PATIENT, server) as (running, stays, leaves):
            await stays.say(first_block(stays))
            leaves.hang_up()
            assert isinstance(await stays.hear(), Welcome)
            await stays.say(first_block(stays))  # a second time, as if it had not heard yet
            await stays.say(PartSaved(0, "0" * 64))
            await stays.say(Ready(TRAIN, TEST, DIGEST))
            async with raw_device(running.addresses[server], TWO_LINKS) as returns:
                assert (await returns.shake_hands()).link == 1
                await returns.say(Ready(TRAIN, TEST, DIGEST))
                for device in (stays, returns):
                    assert await device.hear() == TrainStep(0)
                    await device.say(first_block(device))
                assert isinstance(await stays.hear(), Gradient)

    asyncio.run(scenario())


def test_a_device_that_does_not_come_back_in_time_fails_the_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, Policy(rejoin_s=0.2)) as (running, stays, leaves):
            leaves.hang_up()
            code, details = await stays.end()
            assert code == "ABORTED"
            assert "link 1 (device raw) was lost" in details
            assert (await running.failure()).endswith(
                "link 1 (device raw) was lost: its stream ended; waited for 0.2 s"
            )

    asyncio.run(scenario())


@pytest.mark.parametrize("server", ["base station", "channel"])
@pytest.mark.parametrize(
    ("says", "reason"),
    [(Leaving("no such checkpoint part"), "no such checkpoint part"), (Ready(TRAIN, TEST, "other"), "other data")],
)
def test_a_survivor_that_cannot_start_over_fails_the_run_at_once(
    server: str, says: Uplink, reason: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, Policy(rejoin_s=1000.0), server) as (running, stays, leaves):
            leaves.hang_up()
            assert isinstance(await stays.hear(), Welcome)
            await stays.say(says)
            assert reason in await running.failure()

    asyncio.run(scenario())


def test_a_newcomer_that_gives_up_is_the_reason_if_nobody_else_comes(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, PATIENT) as (running, stays, leaves):
            leaves.hang_up()
            assert isinstance(await stays.hear(), Welcome)
            await stays.say(Ready(TRAIN, TEST, DIGEST))
            async with raw_device(running.addresses["channel"], TWO_LINKS) as returns:
                await returns.shake_hands()
                await returns.say(Leaving("the disk is full"))
                await returns.end()
                assert f"it gave up: the disk is full; waited for {LIMIT_S:g} s" in await running.failure_in_time()

    asyncio.run(scenario())


def test_the_error_names_the_link_that_is_missing_not_the_one_that_came_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, PATIENT) as (running, stays, leaves):
            leaves.hang_up()
            assert isinstance(await stays.hear(), Welcome)
            async with raw_device(running.addresses["channel"], TWO_LINKS) as returns:
                assert (await returns.shake_hands()).link == 1
                await returns.say(Ready(TRAIN, TEST, DIGEST))
                await link_status(running, lambda links: links[1].ready)
                failure = await running.failure_in_time()
                assert failure == f"link 0 (device raw) did not get ready; waited for {LIMIT_S:g} s"

    asyncio.run(scenario())


def test_a_message_that_cannot_be_decoded_fails_the_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, PATIENT, "base station") as (running, _, confused):
            await confused.say_bytes(b"\xff\xff\xff")
            assert "link 1 (device raw) was lost: DecodeError" in await running.failure()

    asyncio.run(scenario())


def test_a_device_that_crashes_at_the_same_step_again_and_again_fails_the_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, PATIENT) as (running, stays, leaves):
            leaves.hang_up()
            for _ in range(MAX_FRUITLESS_RESTARTS):
                assert isinstance(await stays.hear(), Welcome)
                await stays.say(Ready(TRAIN, TEST, DIGEST))
                async with raw_device(running.addresses["channel"], TWO_LINKS) as returns:
                    await returns.shake_hands()
                    await returns.say(Ready(TRAIN, TEST, DIGEST))
                    assert await stays.hear() == TrainStep(0)
            failure = await running.failure()
            assert f"the run got no further in {MAX_FRUITLESS_RESTARTS} times that it started over" in failure

    asyncio.run(scenario())


def test_a_device_that_gives_up_is_not_waited_for(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, Policy(rejoin_s=1000.0)) as (running, _, leaves):
            await leaves.say(Leaving("the sensor is on fire"))
            assert "it gave up: the sensor is on fire" in await running.failure()

    asyncio.run(scenario())


def test_a_link_that_keeps_the_others_waiting_is_late_until_it_answers(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, Policy(late_after_s=LIMIT_S)) as (running, prompt, slow):
            await prompt.say(first_block(prompt))
            await link_status(running, lambda links: links[0].blocks == 1)
            assert await _late_in_time(running) == [1]
            await slow.say(first_block(slow))
            await link_status(running, lambda links: links[1].blocks == 1)
            pass_time(LIMIT_S / 4)  # to the next look
            await link_status(running, lambda links: not any(link.late for link in links))

    asyncio.run(scenario())


async def link_status(running: Servers, reached: Callable[[Sequence[pb.LinkStatus]], bool]) -> Sequence[pb.LinkStatus]:
    """Ask for the links' status until it is as wanted."""
    async with aio.insecure_channel(running.addresses["base station"]) as grpc_channel:
        stub = ControlStub(grpc_channel)
        while not reached(links := (await stub.GetStatus(pb.GetStatusRequest(), timeout=LIMIT_S)).links):
            pass
        return links


async def _late_in_time(running: Servers) -> list[int]:
    """The first links that are late as time passes."""
    while True:
        links = await link_status(running, lambda _: True)
        if late := [link.link for link in links if link.late]:
            return late
        pass_time(LIMIT_S / 4)


def test_a_late_link_that_is_lost_has_not_caught_up(tmp_path: Path) -> None:
    async def scenario() -> list[str]:
        with capture_logs() as logs:
            policy = Policy(rejoin_s=0.5, late_after_s=LIMIT_S)
            async with two_raw_devices(tmp_path, policy) as (running, prompt, slow):
                await prompt.say(first_block(prompt))
                await link_status(running, lambda links: links[0].blocks == 1)
                assert await _late_in_time(running) == [1]
                slow.hang_up()
                await running.failure()
        return [str(entry["event"]) for entry in logs]

    events = asyncio.run(scenario())
    assert "link late" in events
    assert "link caught up" not in events


def test_a_device_waits_for_a_link_that_is_leased_to_a_dead_connection(tmp_path: Path) -> None:
    async def scenario() -> None:
        data = tiny_data(2)
        async with two_raw_devices(tmp_path, PATIENT) as (running, stays, silent):
            rebooted = DeviceThread(running.addresses["channel"], 1, data.views, tmp_path)
            with capture_logs() as logs:
                while not any(entry["event"].startswith("waiting for ") for entry in logs):
                    await asyncio.sleep(0)
            assert "link 1 is leased to device raw" in str(logs)
            silent.hang_up()
            assert isinstance(await stays.hear(), Welcome)
            await stays.say(Ready(TRAIN, TEST, DIGEST))
            assert await stays.hear() == TrainStep(0)  # so link 1 is ready again
            rebooted.client.stop()
            await rebooted.join()
            assert rebooted.error is None

    asyncio.run(scenario())


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
