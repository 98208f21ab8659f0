"""Peers that open too many streams, do not read, do not write or are gone: each ends in a known time, with a reason."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from grpc import aio

from splitwave.basestation.run.policy import Policy
from splitwave.channel.emulator.service import ChannelService
from splitwave.common.protocol import messages as m
from splitwave.common.runtime import server
from splitwave.common.runtime.rpc import SERVER_OPTIONS, UPLINK_SERVICE
from splitwave.common.runtime.server import serving
from splitwave.common.runtime.write_watch import READ_LIMIT_S
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2_grpc
from tests.integration.raw_device import raw_device
from tests.integration.servers import Servers, pass_time, servers
from tests.integration.testbed import DIGEST, TEST, TRAIN
from tests.integration.two_links import PATIENT, TWO_LINKS, first_block, link_status, two_raw_devices
from tests.limits import LIMIT_S

SILENT = Policy(rejoin_s=LIMIT_S, late_after_s=LIMIT_S, give_up_s=LIMIT_S)
TINY_WINDOW = (("grpc.http2.lookahead_bytes", 0), ("grpc.http2.bdp_probe", 0))


def test_a_server_refuses_more_streams_than_its_limit_and_serves_again_when_one_ends(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with servers(tmp_path, TWO_LINKS, max_streams=2) as running, AsyncExitStack() as stack:
            address = running.addresses["base station"]
            devices = []
            for link in range(2):
                devices.append(await stack.enter_async_context(raw_device(address, TWO_LINKS)))
                await devices[-1].shake_hands(link=link)
            third = await stack.enter_async_context(raw_device(address, TWO_LINKS))
            status, reason = await third.end()
            assert status == "RESOURCE_EXHAUSTED"
            assert reason == "Concurrent RPC limit exceeded!"
            devices[0].crash()
            while not await _is_served(address):
                pass

    async def _is_served(address: str) -> bool:
        """Whether a stream is served, for as long as the server has not noticed that another one has ended."""
        async with raw_device(address, TWO_LINKS) as device:
            try:
                return (await device.shake_hands(link=0)).link == 0
            except (aio.AioRpcError, asyncio.InvalidStateError):
                return False

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["base station", "channel"])
def test_a_device_that_does_not_read_loses_its_link(tmp_path: Path, name: str) -> None:
    async def scenario() -> None:
        async with servers(tmp_path, TWO_LINKS) as running:
            async with raw_device(running.addresses[name], TWO_LINKS, options=TINY_WINDOW) as device:
                await device.send(m.Hello(m.PROTOCOL_VERSION, "slow", "test", 1, 4096))
                await link_status(running, lambda links: links[1].device_id == "slow")
                await _pass_time_until(running, lambda links: not links[1].device_id, READ_LIMIT_S / 10)
            async with raw_device(running.addresses[name], TWO_LINKS) as other:
                assert (await other.shake_hands(link=1)).link == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("name", ["base station", "channel"])
def test_a_device_that_never_gets_ready_loses_its_link(tmp_path: Path, name: str) -> None:
    async def scenario() -> None:
        async with (
            servers(tmp_path, TWO_LINKS, SILENT) as running,
            raw_device(running.addresses[name], TWO_LINKS) as device,
        ):
            await device.shake_hands(link=1)
            await _pass_time_until(running, lambda links: not links[1].device_id, LIMIT_S / 10)
            assert await device.end() == ("DEADLINE_EXCEEDED", f"link 1 has owed a message for {LIMIT_S:g} s")

    asyncio.run(scenario())


def test_a_device_that_owes_a_block_for_too_long_is_lost_and_may_come_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with two_raw_devices(tmp_path, SILENT) as (running, prompt, silent):
            await prompt.send(first_block(prompt))
            await link_status(running, lambda links: links[0].blocks == 1)
            await _pass_time_until(running, lambda links: not links[1].device_id, LIMIT_S / 10)
            assert await silent.end() == ("DEADLINE_EXCEEDED", f"link 1 has owed a message for {LIMIT_S:g} s")
            assert isinstance(await prompt.receive(), m.Welcome)
            async with raw_device(running.addresses["channel"], TWO_LINKS) as again:
                await again.shake_hands(link=1)
                for device in (prompt, again):
                    await device.send(m.Ready(TRAIN, TEST, DIGEST))
                assert await prompt.receive() == m.TrainStep(0)

    asyncio.run(scenario())


def test_a_connection_that_breaks_without_a_sign_frees_its_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = {"grpc.keepalive_time_ms": 1_000, "grpc.http2.ping_timeout_ms": 500}
    monkeypatch.setattr(server, "SERVER_OPTIONS", [(name, quick.get(name, value)) for name, value in SERVER_OPTIONS])

    async def scenario() -> None:
        async with servers(tmp_path, TWO_LINKS, PATIENT) as running:
            base = running.addresses["base station"]
            async with _breaking(base) as (address, broken), raw_device(address, TWO_LINKS) as device:
                await device.shake_hands(link=1)
                broken.set()
                await link_status(running, lambda links: not links[1].device_id)

    asyncio.run(scenario())


def test_a_connection_that_sends_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    options = [(name, 200 if name == "grpc.server_handshake_timeout_ms" else value) for name, value in SERVER_OPTIONS]
    monkeypatch.setattr(server, "SERVER_OPTIONS", options)

    def register(grpc_server: aio.Server) -> None:
        uplink_pb2_grpc.add_UplinkServicer_to_server(ChannelService("127.0.0.1:1"), grpc_server)

    async def scenario() -> None:
        async with serving("127.0.0.1:0", register, [UPLINK_SERVICE]) as address:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
            async with asyncio.timeout(LIMIT_S):
                while await reader.read(4096):
                    pass
            writer.close()
            await writer.wait_closed()

    asyncio.run(scenario())


async def _pass_time_until(
    running: Servers, reached: Callable[[Sequence[pb.LinkStatus]], bool], seconds: float
) -> None:
    """Advance the clock in steps until the status of the links is accepted."""
    while not reached(await link_status(running, lambda _: True)):
        pass_time(seconds)


@asynccontextmanager
async def _breaking(address: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A TCP proxy; once the event is set it passes nothing on, and closes nothing, as a cable that is pulled out."""
    host, _, port = address.rpartition(":")
    broken = asyncio.Event()
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(65_536):
                if not broken.is_set():
                    writer.write(chunk)
        except ConnectionError:
            return

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(host, int(port))
        writers.extend((writer, to_server))
        tasks.add(asyncio.create_task(carry(reader, to_server)))
        tasks.add(asyncio.create_task(carry(from_server, writer)))

    proxy = await asyncio.start_server(connect, "127.0.0.1", 0, family=socket.AF_INET)
    try:
        own_host, own_port = proxy.sockets[0].getsockname()
        yield f"{own_host}:{own_port}", broken
    finally:
        proxy.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
