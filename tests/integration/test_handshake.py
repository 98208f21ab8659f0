"""The handshake: the devices that are refused, and the errors that all parties receive when a device is lost."""

import asyncio
from pathlib import Path

import pytest
from grpc import aio

from splitwave.basestation.service.base_station import BaseStation
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Leaving, Ready
from tests.integration.raw_device import RawDevice, raw_device
from tests.integration.servers import CONFIG, servers
from tests.integration.testbed import TEST, TRAIN, DeviceThread, tiny_data


async def _refused(device: RawDevice, hello: Hello) -> tuple[str, str]:
    await device.send(hello)
    return await device.end()


@pytest.mark.parametrize("server", ["base station", "channel"])
@pytest.mark.parametrize(
    ("hello", "code", "message"),
    [
        (
            Hello(1, "raw", "test", None, 4096),
            "FAILED_PRECONDITION",
            f"version 1, this base station version {PROTOCOL_VERSION}",
        ),
        (
            Hello(PROTOCOL_VERSION, "raw", "test", 1, 4096),
            "INVALID_ARGUMENT",
            "link 1 does not exist: this run has links 0 to 0",
        ),
        (
            Hello(PROTOCOL_VERSION, "raw", "test", None, 5),
            "FAILED_PRECONDITION",
            "at most 5 features, this run needs 6",
        ),
    ],
)
def test_a_device_that_does_not_fit_the_run_is_refused(
    server: str, hello: Hello, code: str, message: str, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses[server], CONFIG) as device:
            answer = await _refused(device, hello)
            assert answer[0] == code
            assert message in answer[1]

    asyncio.run(scenario())


def test_more_devices_than_links_are_refused_and_a_freed_link_is_leased_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running:
            address = running.addresses["channel"]
            async with raw_device(address, CONFIG) as first, raw_device(address, CONFIG) as second:
                await first.shake_hands()
                hello = Hello(PROTOCOL_VERSION, "second", "test", None, 4096)
                assert await _refused(second, hello) == (
                    "RESOURCE_EXHAUSTED",
                    "all 1 links are leased: more devices than links",
                )
            while not await _leases_a_link(address):
                pass  # the base station needs time to notice that the first device left

    asyncio.run(scenario())


async def _leases_a_link(address: str) -> bool:
    async with raw_device(address, CONFIG) as device:
        await device.send(Hello(PROTOCOL_VERSION, "third", "test", None, 4096))
        try:
            await device.receive()
        except aio.AioRpcError:
            return False
        return True


def test_other_data_are_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses["channel"], CONFIG) as device:
            await device.shake_hands()
            await device.send(Ready(TRAIN, TEST, "something else"))
            code, details = await device.end()
            assert code == "FAILED_PRECONDITION"
            assert "link 0 holds other data" in details

    asyncio.run(scenario())


def test_the_reason_of_a_device_that_gives_up_reaches_the_base_station(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses["channel"], CONFIG) as device:
            await device.start_training()
            await device.send(Leaving("the sensor is on fire"))
            assert await device.end() == ("ABORTED", "it gave up: the sensor is on fire")
            assert await running.failure() == "link 0 (device raw) was lost: it gave up: the sensor is on fire"

    asyncio.run(scenario())


def test_a_diverged_training_is_reported_as_such(tmp_path: Path) -> None:
    diverging = CONFIG.training.model_copy(update={"learning_rate": 1e30})
    config = CONFIG.model_copy(update={"training": diverging})

    async def scenario() -> BaseException | None:
        async with servers(tmp_path, config) as running:
            device = DeviceThread(running.addresses["channel"], None, tiny_data(1).views, tmp_path)
            await device.join()
            assert "training diverged" in await running.failure()
            return device.error

    assert "training diverged" in str(asyncio.run(scenario()))


def test_a_stream_that_does_not_begin_with_hello_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running, raw_device(running.addresses["base station"], CONFIG) as device:
            await device.send(Ready(1, 1, ""))
            assert await device.end() == ("INVALID_ARGUMENT", "a stream must begin with Hello, not Ready")

    asyncio.run(scenario())


def test_losing_a_device_in_training_fails_the_run_and_notifies_the_others(tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"links": 2})

    async def scenario() -> None:
        async with servers(tmp_path, config) as running, raw_device(running.addresses["channel"], config) as stays:
            async with raw_device(running.addresses["channel"], config) as leaves:
                await leaves.shake_hands(link=1)
                await stays.shake_hands(link=0)
                for device in (leaves, stays):
                    await device.send(Ready(TRAIN, TEST, "test data"))
                await stays.receive()
            code, details = await stays.end()
            assert code == "ABORTED"
            assert details.startswith("the run failed: link 1 (device raw) was lost")
            assert "link 1 (device raw) was lost" in await running.failure()

    asyncio.run(scenario())


def test_stopping_the_base_station_ends_its_streams(tmp_path: Path) -> None:
    async def scenario() -> None:
        bound: asyncio.Queue[str] = asyncio.Queue()
        stop = asyncio.Event()
        basestation = BaseStation(CONFIG, tiny_data(1).labels, "127.0.0.1:0", tmp_path, False, "run")
        run = asyncio.create_task(basestation.serve(bound.put_nowait, stop))
        async with raw_device(await bound.get(), CONFIG) as device:
            await device.start_training()
            stop.set()
            assert await device.end() == ("ABORTED", "the run failed: the base station was stopped")
            assert await run is None

    asyncio.run(scenario())
