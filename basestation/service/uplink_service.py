"""The uplink service of the base station: decode, one call, encode."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any, Protocol

import grpc
from grpc import aio

from splitwave.basestation.links.link_session import LinkSession
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.identity import Identity
from splitwave.common.protocol.messages import Downlink, Hello, Uplink
from splitwave.common.runtime.peer_identity import device_of
from splitwave.common.runtime.refusal_log import RefusalLog
from splitwave.common.runtime.rpc import check_port, end_stream, first_bundle, refuse
from splitwave.common.runtime.write_watch import WriteWatch
from splitwave.common.wire.bundling import check_bundle, gather
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2_grpc
from splitwave.common.wire.uplink import uplink_from_proto


class Entrance(Protocol):
    """The entrance for a stream's devices: to a run, or to a station that answers live queries."""

    async def wait_for_failure(self) -> str:
        """Wait until the run fails; the reason."""
        ...

    def connect(
        self, hello: Hello, peer: str, outbox_filled: asyncio.Event, device: Identity | None = None
    ) -> LinkSession:
        """Admit a device, whose certificate says who it is, or that has none; raises ProtocolError."""
        ...

    def receive(self, session: LinkSession, body: Uplink) -> None:
        """Take a message of a device; raises ProtocolError if it is not expected of this link."""
        ...

    def disconnect(self, session: LinkSession, reason: str, *, may_return: bool) -> None:
        """A device is gone."""
        ...


class UplinkService(uplink_pb2_grpc.UplinkServicer):
    """The streams of device processes, or of emulated links.

    Attributes:
        refusals: of devices that were not welcomed.
    """

    def __init__(self, entrance: Entrance, testbed: str | None = None) -> None:
        """Args: where a stream's devices come in; the testbed that their certificates name, if they have any."""
        self._entrance = entrance
        self._testbed = testbed
        self.refusals = RefusalLog("device refused")

    async def Connect(  # type: ignore[override]  # noqa: N802 — a coroutine that writes to its context
        self, request_iterator: AsyncIterator[pb.UplinkBundle], context: "aio.ServicerContext[Any, Any]"
    ) -> None:
        """One stream, from the first Hello to the end of the run."""
        try:
            device = device_of(context)
            if device is not None:
                device.check_testbed(self._testbed)
        except ProtocolError as error:
            self._note_refusal(None, error, context)
            await refuse(context, error)
        stream = _Stream(self._entrance, context.peer(), device)
        # gRPC shows a broken connection as a cancelled call or as the end of the stream: one reason for both.
        reason, may_return = "its stream ended", True
        try:
            stream.take(await first_bundle(request_iterator))
            await self._exchange(stream, request_iterator, context)
        except ProtocolError as error:
            reason, may_return = str(error), stream.greeting or error.refusal is Refusal.DEADLINE_EXCEEDED
            if stream.greeting:
                self._note_refusal(device, error, context)
            await refuse(context, error)
        except (aio.AioRpcError, aio.UsageError):  # writing to a peer that is gone
            raise
        except Exception as error:  # a bug of ours, which would not go away by itself
            reason, may_return = f"{type(error).__name__}: {error}", False
            raise
        finally:
            for session in stream.sessions:  # the last speaker comes first: the reason is about its message
                self._entrance.disconnect(session, reason, may_return=may_return)
        if stream.moves:
            await end_stream(context, grpc.StatusCode.UNAVAILABLE, "it has ended its service: its successor goes on")

    def _note_refusal(
        self, device: Identity | None, error: ProtocolError, context: "aio.ServicerContext[Any, Any]"
    ) -> None:
        self.refusals.note("unknown" if device is None else str(device), str(error), context.peer())

    async def _exchange(
        self, stream: "_Stream", bundles: AsyncIterator[pb.UplinkBundle], context: "aio.ServicerContext[Any, Any]"
    ) -> None:
        # Else the first message sends them: if that is cancelled to refuse the stream, gRPC sends them again and fails.
        await context.send_initial_metadata(())
        read = asyncio.create_task(self._read(stream, bundles))
        writes: WriteWatch[pb.DownlinkBundle] = WriteWatch(context.write, "the device")
        write = asyncio.create_task(self._write(stream, writes))
        slow = asyncio.create_task(writes.limit())
        failed = asyncio.create_task(self._entrance.wait_for_failure())
        tasks = (read, write, slow, failed)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if read.done():
                read.result()
            if write.done():
                write.result()
            if slow.done():
                slow.result()
            if failed.done():
                raise ProtocolError(f"the run failed: {failed.result()}", Refusal.ABORTED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    async def _read(stream: "_Stream", bundles: AsyncIterator[pb.UplinkBundle]) -> None:
        async for bundle in bundles:
            stream.take(bundle)

    @staticmethod
    async def _write(stream: "_Stream", writes: WriteWatch[pb.DownlinkBundle]) -> None:
        while not stream.ended:
            await stream.outbox_filled.wait()
            stream.outbox_filled.clear()
            await _write_ready(stream, writes)
            while (piece := stream.next_chunk()) is not None:
                await writes.write(pb.DownlinkBundle(messages=[piece]))
                await _write_ready(stream, writes)


async def _write_ready(stream: "_Stream", writes: WriteWatch[pb.DownlinkBundle]) -> None:
    ready = stream.outgoing()
    first = next(ready, None)
    while first is not None:
        messages, first = gather(first, partial(next, ready, None))
        await writes.write(pb.DownlinkBundle(messages=messages))


class _Stream:
    """The devices of one stream, by port.

    Attributes:
        outbox_filled: set when there is a message for one of them.
        greeting: whether a Hello is being answered.
    """

    def __init__(self, entrance: Entrance, peer: str, device: Identity | None) -> None:
        self._entrance = entrance
        self._peer = peer
        self._device = device
        self._by_port: dict[int, LinkSession] = {}
        self._speaker: LinkSession | None = None
        self._closed: set[int] = set()
        self.outbox_filled = asyncio.Event()
        self.greeting = True

    @property
    def ended(self) -> bool:
        """Whether the last message to each of its devices has been taken out."""
        return bool(self._by_port) and len(self._closed) == len(self._by_port)

    @property
    def moves(self) -> bool:
        """Whether it has ended, and its devices go on at another base station."""
        return self.ended and any(session.moves for session in self._by_port.values())

    @property
    def sessions(self) -> list[LinkSession]:
        """The devices that were welcomed; the last speaker comes first."""
        return sorted(self._by_port.values(), key=lambda session: session is not self._speaker)

    def take(self, bundle: pb.UplinkBundle) -> None:
        """Hand each message of a bundle to its device's session; the first message of a port must be Hello.

        Raises:
            ProtocolError: the run refuses a message.
        """
        check_bundle(bundle)
        for message in bundle.messages:
            session = self._speaker = self._by_port.get(message.port)
            self.greeting = session is None
            if session is None:
                self._by_port[message.port] = self._welcome(message)
            else:
                self._entrance.receive(session, uplink_from_proto(message, session.contract))
        self.greeting = not self._by_port

    def outgoing(self) -> Iterator[pb.DownlinkMessage]:
        """The messages that are to be sent down now."""
        for port, session in list(self._by_port.items()):
            for body in session.outgoing():
                if body is None:
                    self._closed.add(port)
                    continue
                yield _addressed(body, port)

    def next_chunk(self) -> pb.DownlinkMessage | None:
        """A piece of a model, which waits for all other messages of all devices; None if there is none."""
        for port, session in self._by_port.items():
            if (chunk := session.next_chunk()) is not None:
                return _addressed(chunk, port)
        return None

    def _welcome(self, message: pb.UplinkMessage) -> LinkSession:
        check_port(message.port)
        hello = uplink_from_proto(message)
        if not isinstance(hello, Hello):
            raise ProtocolError(f"a stream must begin with Hello, not {type(hello).__name__}")
        return self._entrance.connect(hello, self._peer, self.outbox_filled, self._device)


def _addressed(body: Downlink, port: int) -> pb.DownlinkMessage:
    message = downlink_to_proto(body)
    message.port = port
    return message
