"""Streams of several devices with invalid messages: they end with a precise status, and free their links."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grpc import StatusCode, aio

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_LINKS
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Prediction, Welcome
from splitwave.common.protocol.phases import Phase
from splitwave.common.wire.bundling import MAX_MESSAGES
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2_grpc
from splitwave.common.wire.uplink import uplink_to_proto
from tests.integration.raw_device import RawDevice, level_block, raw_device
from tests.integration.servers import CONFIG, IDS, servers
from tests.integration.testbed import DeviceThread, running_channel, serving_uplink, tiny_data

THREE = CONFIG.model_copy(update={"links": 3})

both_servers = pytest.mark.parametrize("server", ["base station", "channel"])


def hello(port: int, link: int | None = None) -> pb.UplinkMessage:
    return on(port, uplink_to_proto(Hello(PROTOCOL_VERSION, f"raw-{port}", "test", link, 4096)))


def on(port: int, message: pb.UplinkMessage) -> pb.UplinkMessage:
    message.port = port
    return message


def block(port: int, link: int) -> pb.UplinkMessage:
    contract = link_contract(THREE, link)
    return on(port, uplink_to_proto(level_block(contract, IDS), contract))


async def _welcomed(device: RawDevice, count: int) -> set[int]:
    """Wait for `count` Welcomes, and return their links."""
    welcomes = [await device.receive() for _ in range(count)]
    return {welcome.link for welcome in welcomes if isinstance(welcome, Welcome)}


async def _until_free(address: str, links: set[int]) -> None:
    """Wait until one stream can lease all of these links, because the base station has noticed that they are free."""
    while True:
        async with raw_device(address, THREE) as device:
            await device.send_bundle(*(hello(port, link) for port, link in enumerate(sorted(links))))
            try:
                assert await _welcomed(device, len(links)) == links
            except aio.AioRpcError as error:
                if error.code() is not StatusCode.ALREADY_EXISTS:
                    raise
            else:
                return


@both_servers
@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
def test_a_port_beyond_the_last_is_refused_and_named(server: str, first: bool, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path, THREE) as running:
            address = running.addresses[server]
            async with raw_device(address, THREE) as device:
                if not first:
                    await device.send_bundle(hello(MAX_LINKS - 1, 1))
                    assert await _welcomed(device, 1) == {1}
                await device.send_bundle(hello(MAX_LINKS))
                assert await device.end() == ("INVALID_ARGUMENT", "port 64: a stream has ports 0 to 63")
            await _until_free(address, {0, 1, 2})

    asyncio.run(scenario())


@both_servers
def test_a_block_on_a_port_without_a_hello_is_refused(server: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path, THREE) as running:
            address = running.addresses[server]
            async with raw_device(address, THREE) as device:
                await device.send_bundle(hello(0, 0))
                assert await _welcomed(device, 1) == {0}
                await device.send_bundle(block(1, 0))
                assert await device.end() == ("INVALID_ARGUMENT", "symbols came before the handshake was over")
            await _until_free(address, {0})

    asyncio.run(scenario())


@both_servers
@pytest.mark.parametrize("after_hello", [False, True], ids=["first", "later"])
@pytest.mark.parametrize("count", [0, MAX_MESSAGES + 1])
def test_a_bundle_of_too_few_or_too_many_messages_is_refused(
    server: str, after_hello: bool, count: int, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with servers(tmp_path, THREE) as running:
            address = running.addresses[server]
            async with raw_device(address, THREE) as device:
                if after_hello:
                    await device.send_bundle(hello(0, 0))
                    assert await _welcomed(device, 1) == {0}
                await device.send_bundle(*[hello(1, 1)] * count)
                message = f"a bundle of {count} messages: expected 1 to {MAX_MESSAGES}"
                assert await device.end() == ("INVALID_ARGUMENT", message)
            await _until_free(address, {0, 1})

    asyncio.run(scenario())


@both_servers
def test_a_second_hello_on_a_port_is_refused(server: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path, THREE) as running:
            address = running.addresses[server]
            async with raw_device(address, THREE) as device:
                await device.send_bundle(hello(0, 0), hello(1, 2))
                assert await _welcomed(device, 2) == {0, 2}
                await device.send_bundle(hello(1, 1))
                assert await device.end() == ("INVALID_ARGUMENT", "link 2 said hello twice")
            await _until_free(address, {0, 1, 2})

    asyncio.run(scenario())


@both_servers
def test_a_refused_hello_frees_the_links_of_all_other_hellos_in_its_bundle(server: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path, THREE) as running:
            address = running.addresses[server]
            async with raw_device(address, THREE) as holder:
                await holder.send_bundle(hello(0, 1))
                assert await _welcomed(holder, 1) == {1}
                async with raw_device(address, THREE) as device:
                    await device.send_bundle(hello(0, 0), hello(1, 2), hello(2, 1))
                    code, details = await device.end()
                    assert code == "ALREADY_EXISTS"
                    assert details.startswith("link 1 is leased")
                await _until_free(address, {0, 2})

    asyncio.run(scenario())


class AnswersWrongPort(uplink_pb2_grpc.UplinkServicer):
    """A base station that sends answers to a port without a device, and keeps the reason why the device leaves."""

    def __init__(self) -> None:
        self.reason = ""

    async def Connect(  # type: ignore[override]  # noqa: N802 — a coroutine that writes to its context
        self, request_iterator: AsyncIterator[pb.UplinkBundle], context: "aio.ServicerContext[Any, Any]"
    ) -> None:
        answers = np.zeros(1, dtype=np.uint8)
        prediction = downlink_to_proto(Prediction(BlockKey(Phase.SERVE, 0, 0), answers, (), None))
        prediction.port = 1
        async for bundle in request_iterator:
            for message in bundle.messages:
                if message.HasField("leaving"):
                    self.reason = message.leaving.reason
                    await context.abort(StatusCode.ABORTED, f"it gave up: {self.reason}")
            await context.write(pb.DownlinkBundle(messages=[prediction]))


@asynccontextmanager
async def answering_wrong_port(through_channel: bool) -> AsyncIterator[tuple[AnswersWrongPort, str]]:
    service = AnswersWrongPort()
    async with serving_uplink(service) as address:
        if not through_channel:
            yield service, address
        else:
            async with running_channel(address) as channel:
                yield service, channel


@both_servers
def test_a_prediction_for_a_port_without_a_device_is_an_error_that_names_the_port(server: str, tmp_path: Path) -> None:
    async def scenario() -> tuple[str, BaseException | None]:
        async with answering_wrong_port(server == "channel") as (service, address):
            device = DeviceThread(address, 0, tiny_data(1).views, tmp_path)
            await device.join()
            return service.reason, device.error

    reason, error = asyncio.run(scenario())
    assert reason == "a message for port 1: this stream has 1"
    assert isinstance(error, ProtocolError)
    assert str(error) == reason
