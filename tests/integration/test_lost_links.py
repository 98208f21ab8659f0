"""Runs that lose a link: what they wait for, and which error they fail with."""

import asyncio
import math
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from splitwave.basestation.links.link_failures import MAX_FRUITLESS_RESTARTS
from splitwave.basestation.run.policy import Policy
from splitwave.common.protocol import messages as m
from tests.integration.raw_device import raw_device
from tests.integration.testbed import DIGEST, TEST, TRAIN, DeviceThread, tiny_data
from tests.integration.two_links import PATIENT, TWO_LINKS, first_block, link_status, two_raw_devices
from tests.limits import LIMIT_S


@pytest.mark.parametrize("server", ["base station", "channel"])
def test_messages_that_a_device_sent_before_it_received_the_second_welcome_are_dropped(
    server: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, PATIENT, server) as (running, stays, leaves):
            await stays.send(first_block(stays))
            leaves.crash()
            assert isinstance(await stays.receive(), m.Welcome)
            await stays.send(first_block(stays))  # again, as if it had not received the Welcome yet
            await stays.send(m.PartSaved(0, "0" * 64))
            await stays.send(m.Ready(TRAIN, TEST, DIGEST))
            async with raw_device(running.addresses[server], TWO_LINKS) as returns:
                assert (await returns.shake_hands()).link == 1
                await returns.send(m.Ready(TRAIN, TEST, DIGEST))
                for device in (stays, returns):
                    assert await device.receive() == m.TrainStep(0)
                    await device.send(first_block(device))
                assert isinstance(await stays.receive(), m.Gradient)

    asyncio.run(scenario())


def test_a_device_that_does_not_come_back_in_time_fails_the_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, Policy(rejoin_s=0.2)) as (running, stays, leaves):
            leaves.crash()
            code, details = await stays.end()
            assert code == "ABORTED"
            assert "link 1 (device raw) was lost" in details
            assert (await running.failure()).endswith(
                "link 1 (device raw) was lost: its stream ended; waited for 0.2 s"
            )

    asyncio.run(scenario())


@pytest.mark.parametrize("server", ["base station", "channel"])
@pytest.mark.parametrize(
    ("answer", "reason"),
    [(m.Leaving("no such checkpoint part"), "no such checkpoint part"), (m.Ready(TRAIN, TEST, "other"), "other data")],
)
def test_a_remaining_device_that_cannot_start_over_fails_the_run_at_once(
    server: str, answer: m.Uplink, reason: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, Policy(rejoin_s=math.inf, late_after_s=math.inf), server) as (
            running,
            stays,
            leaves,
        ):
            leaves.crash()
            assert isinstance(await stays.receive(), m.Welcome)
            await stays.send(answer)
            assert reason in await running.failure()

    asyncio.run(scenario())


def test_the_error_names_a_new_device_that_gave_up_if_no_other_connects(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, PATIENT) as (running, stays, leaves):
            leaves.crash()
            assert isinstance(await stays.receive(), m.Welcome)
            await stays.send(m.Ready(TRAIN, TEST, DIGEST))
            async with raw_device(running.addresses["channel"], TWO_LINKS) as returns:
                await returns.shake_hands()
                await returns.send(m.Leaving("the disk is full"))
                await returns.end()
                assert f"it gave up: the disk is full; waited for {LIMIT_S:g} s" in await running.failure_in_time()

    asyncio.run(scenario())


def test_the_error_names_the_missing_link_and_not_the_link_that_reconnected(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, PATIENT) as (running, stays, leaves):
            leaves.crash()
            assert isinstance(await stays.receive(), m.Welcome)
            async with raw_device(running.addresses["channel"], TWO_LINKS) as returns:
                assert (await returns.shake_hands()).link == 1
                await returns.send(m.Ready(TRAIN, TEST, DIGEST))
                await link_status(running, lambda links: links[1].ready)
                failure = await running.failure_in_time()
                assert failure == f"link 0 (device raw) did not get ready; waited for {LIMIT_S:g} s"

    asyncio.run(scenario())


def test_a_message_that_cannot_be_decoded_fails_the_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, PATIENT, "base station") as (running, _, faulty):
            await faulty.send_bytes(b"\xff\xff\xff")
            assert (
                "link 1 (device raw) was lost: the caller sent 3 bytes that are not a splitwave.uplink.v1.UplinkBundle"
                in await running.failure()
            )

    asyncio.run(scenario())


def test_a_device_that_always_crashes_at_the_same_step_fails_the_run(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, PATIENT) as (running, stays, leaves):
            leaves.crash()
            for _ in range(MAX_FRUITLESS_RESTARTS):
                assert isinstance(await stays.receive(), m.Welcome)
                await stays.send(m.Ready(TRAIN, TEST, DIGEST))
                async with raw_device(running.addresses["channel"], TWO_LINKS) as returns:
                    await returns.shake_hands()
                    await returns.send(m.Ready(TRAIN, TEST, DIGEST))
                    assert await stays.receive() == m.TrainStep(0)
            failure = await running.failure()
            assert f"the run made no progress in {MAX_FRUITLESS_RESTARTS} restarts" in failure

    asyncio.run(scenario())


def test_a_run_does_not_wait_for_a_device_that_gave_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, Policy(rejoin_s=math.inf, late_after_s=math.inf)) as (running, _, leaves):
            await leaves.send(m.Leaving("the sensor is on fire"))
            assert "it gave up: the sensor is on fire" in await running.failure()

    asyncio.run(scenario())


def test_a_device_waits_for_a_link_that_is_leased_to_a_dead_connection(tmp_path: Path) -> None:
    async def scenario() -> None:
        data = tiny_data(2)
        async with two_raw_devices(tmp_path, PATIENT) as (running, stays, silent):
            rebooted = DeviceThread(running.addresses["channel"], 1, data.views, tmp_path)
            with capture_logs() as logs:
                while not any(entry["event"].startswith("waiting for ") for entry in logs):
                    await asyncio.sleep(0)
            assert "link 1 is leased to device raw" in str(logs)
            silent.crash()
            assert isinstance(await stays.receive(), m.Welcome)
            await stays.send(m.Ready(TRAIN, TEST, DIGEST))
            assert await stays.receive() == m.TrainStep(0)  # which means that link 1 is ready again
            rebooted.client.stop()
            await rebooted.join()
            assert rebooted.error is None

    asyncio.run(scenario())
