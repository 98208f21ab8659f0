"""Bytes that are no message are refused with a status and a reason, and leave no traceback, at every party."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio

from splitwave.basestation.service import control_service
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Ready
from splitwave.common.protocol.workload import Workload
from splitwave.common.runtime.rpc import CLIENT_OPTIONS, UPLINK_SERVICE
from splitwave.common.runtime.server import serving
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.testbed.control_client import ask_status, measure, watch_run
from tests.integration.raw_device import raw_device
from tests.integration.servers import CONFIG, servers
from tests.integration.testbed import DIGEST, TEST, TRAIN, DeviceThread, running_channel, tiny_data

BAD = b"\xff\xff\xff"
NO_UPLINK = f"{len(BAD)} bytes that are not a splitwave.uplink.v1.UplinkBundle"
NO_DOWNLINK = f"{len(BAD)} bytes that are not a splitwave.uplink.v1.DownlinkBundle"
HELLO = Hello(PROTOCOL_VERSION, "raw", "test", None, 4096)
TWO_LINKS = CONFIG.model_copy(update={"links": 2})


@pytest.fixture(autouse=True)
def no_traceback(caplog: pytest.LogCaptureFixture) -> Any:
    """gRPC logs a traceback where anything raises inside it."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("server", ["base station", "channel"])
@pytest.mark.parametrize("before", [[], [HELLO], [HELLO, Ready(TRAIN, TEST, DIGEST)]], ids=["first", "hello", "ready"])
def test_a_stream_of_bad_bytes_is_refused_with_the_reason(
    tmp_path: Path, server: str, before: list[Hello | Ready]
) -> None:
    async def scenario() -> None:
        async with servers(tmp_path, TWO_LINKS) as running:
            for _ in range(20):  # the refusal meets the Welcome in each state of its being written
                async with raw_device(running.addresses[server], TWO_LINKS) as device:
                    for body in before:
                        await device.send(body)
                    await device.send_bytes(BAD)
                    status, reason = await device.end()
                    assert (status, reason) == ("INVALID_ARGUMENT", f"the caller sent {NO_UPLINK}")
            async with raw_device(running.addresses[server], TWO_LINKS) as honest:
                assert (await honest.shake_hands()).run_id == "run"

    asyncio.run(scenario())


@pytest.mark.parametrize("method", ["GetStatus", "SetBeta"])
def test_a_control_call_of_bad_bytes_is_refused_with_the_reason(tmp_path: Path, method: str) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running:
            status, reason = await call_with_bytes(running.addresses["base station"], "unary_unary", method)
            assert status == "INVALID_ARGUMENT"
            assert reason == f"the caller sent 3 bytes that are not a splitwave.control.v1.{method}Request"
            assert (await ask_status(running.addresses["base station"])).run_id == "run"

    asyncio.run(scenario())


@pytest.mark.parametrize("method", ["WatchRun", "Measure"])
def test_a_control_stream_of_bad_bytes_is_refused_with_the_reason(tmp_path: Path, method: str) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running:
            status, reason = await call_with_bytes(running.addresses["base station"], "unary_stream", method)
            assert status == "INVALID_ARGUMENT"
            assert reason == f"the caller sent 3 bytes that are not a splitwave.control.v1.{method}Request"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("unary_unary", "/grpc.health.v1.Health/Check"),
        ("unary_stream", "/grpc.health.v1.Health/Watch"),
    ],
)
def test_the_services_of_other_packages_refuse_bad_bytes_likewise(tmp_path: Path, kind: str, path: str) -> None:
    async def scenario() -> None:
        async with servers(tmp_path) as running:
            for address in running.addresses.values():
                status, reason = await call_with_bytes(address, kind, path)
                assert status == "INVALID_ARGUMENT"
                assert reason == "the caller sent 3 bytes that are not a grpc.health.v1.HealthCheckRequest"

    asyncio.run(scenario())


def test_a_handler_without_a_parser_gets_the_bytes() -> None:
    async def echo(requests: AsyncIterator[bytes], context: aio.ServicerContext[bytes, bytes]) -> None:
        async for request in requests:
            await context.write(request)

    def register(server: aio.Server) -> None:
        handlers: dict[str, Any] = {"Connect": grpc.stream_stream_rpc_method_handler(echo)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(UPLINK_SERVICE, handlers),))

    async def scenario() -> None:
        async with (
            serving("127.0.0.1:0", register, [UPLINK_SERVICE]) as address,
            aio.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel,
        ):
            connect: Any = grpc_channel.stream_stream(f"/{UPLINK_SERVICE}/Connect")
            assert [answer async for answer in connect(iter([BAD]))] == [BAD]

    asyncio.run(scenario())


async def call_with_bytes(address: str, kind: str, method: str) -> tuple[str, str]:
    """Call a method with bytes that are no request; the name of the status, and its message."""
    path = method if method.startswith("/") else f"/{control_service.SERVICE}/{method}"
    async with aio.insecure_channel(address, options=CLIENT_OPTIONS) as grpc_channel:
        call = getattr(grpc_channel, kind)(path)(BAD)
        status = await call.code()
        assert isinstance(status, grpc.StatusCode)
        return status.name, await call.details()


def test_a_device_ends_with_the_reason_when_its_peer_sends_bad_bytes(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with answering_with_bytes() as (address, received):
            device = DeviceThread(address, 0, tiny_data(1).views, tmp_path)
            await device.join()
            assert isinstance(device.error, ProtocolError)
            assert str(device.error) == f"the base station or channel emulator at {address} sent {NO_DOWNLINK}"
            assert received[-1].messages[0].leaving.reason == str(device.error)

    asyncio.run(scenario())


def test_an_emulator_refuses_its_device_when_the_base_station_sends_bad_bytes() -> None:
    async def scenario() -> None:
        async with answering_with_bytes() as (address, received), running_channel(address) as channel:
            async with raw_device(channel, CONFIG) as device:
                await device.send(HELLO)
                assert await device.end() == ("INVALID_ARGUMENT", f"the base station sent {NO_DOWNLINK}")
            assert received[-1].messages[0].leaving.reason == f"the base station sent {NO_DOWNLINK}"

    asyncio.run(scenario())


def test_an_operator_gets_one_line_when_the_answer_is_bad_bytes() -> None:
    async def scenario() -> None:
        async with answering_with_bytes() as (address, _):
            for call in (
                ask_status(address),
                watch_run(address, lambda _: None),
                measure(address, Workload(1, 1, 1, 0.0, 0)),
            ):
                with pytest.raises(ProtocolError, match=f"^the base station at {address} sent 3 bytes that are not a"):
                    await call

    asyncio.run(scenario())


@asynccontextmanager
async def answering_with_bytes() -> AsyncIterator[tuple[str, list[pb.UplinkBundle]]]:
    """A server whose every answer is bad bytes; its address, and what its streams received."""
    received: list[pb.UplinkBundle] = []

    async def connect(bundles: AsyncIterator[pb.UplinkBundle], _context: object) -> AsyncIterator[bytes]:
        received.append(await anext(bundles))
        yield BAD
        async for bundle in bundles:
            received.append(bundle)  # noqa: PERF401 — the test reads it while the stream is open

    async def reply(_request: bytes, _context: object) -> bytes:
        return BAD

    async def replies(_request: bytes, _context: object) -> AsyncIterator[bytes]:
        yield BAD

    def register(server: aio.Server) -> None:
        uplink: dict[str, Any] = {"Connect": grpc.stream_stream_rpc_method_handler(connect, pb.UplinkBundle.FromString)}
        control: dict[str, Any] = {
            "GetStatus": grpc.unary_unary_rpc_method_handler(reply, lambda data: data),
            "WatchRun": grpc.unary_stream_rpc_method_handler(replies, lambda data: data),
            "Measure": grpc.unary_stream_rpc_method_handler(replies, lambda data: data),
        }
        server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(UPLINK_SERVICE, uplink),
                grpc.method_handlers_generic_handler(control_service.SERVICE, control),
            )
        )

    async with serving("127.0.0.1:0", register, [UPLINK_SERVICE]) as address:
        yield address, received
