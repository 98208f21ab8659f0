"""The uplink service of the base station: decode, one call, encode."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

import structlog
from grpc import aio

from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.run.doorway import Doorway
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.messages import Hello
from splitwave.common.runtime.rpc import check_port, first_bundle, refuse
from splitwave.common.wire.bundling import check_bundle, gather
from splitwave.common.wire.downlink import downlink_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2_grpc
from splitwave.common.wire.uplink import uplink_from_proto

log = structlog.get_logger()


class UplinkService(uplink_pb2_grpc.UplinkServicer):
    """The streams of device processes, or of emulated links."""

    def __init__(self, doorway: Doorway) -> None:
        """Args: where a stream's devices come in."""
        self._doorway = doorway

    async def Connect(  # type: ignore[override]  # noqa: N802 — a coroutine that writes to its context
        self, request_iterator: AsyncIterator[pb.UplinkBundle], context: "aio.ServicerContext[Any, Any]"
    ) -> None:
        """One stream, from the first Hello to the end of the run."""
        stream = _Stream(self._doorway, context.peer())
        # gRPC shows a broken connection as a cancelled call or as the end of the stream: one reason for both.
        reason, may_return = "its stream ended", True
        try:
            stream.take(await first_bundle(request_iterator))
            await self._exchange(stream, request_iterator, context)
        except ProtocolError as error:
            reason, may_return = str(error), stream.greeting
            if stream.greeting:
                log.warning("device refused", peer=context.peer(), reason=str(error))
            await refuse(context, error)
        except (aio.AioRpcError, aio.UsageError):  # writing to a peer that is gone
            raise
        except Exception as error:  # bytes that cannot be decoded, or a bug of ours: neither would go away by itself
            reason, may_return = f"{type(error).__name__}: {error}", False
            raise
        finally:
            for session in stream.sessions:  # the last speaker comes first: the reason is about its message
                self._doorway.disconnect(session, reason, may_return=may_return)

    async def _exchange(
        self, stream: "_Stream", bundles: AsyncIterator[pb.UplinkBundle], context: "aio.ServicerContext[Any, Any]"
    ) -> None:
        read = asyncio.create_task(self._read(stream, bundles))
        write = asyncio.create_task(self._write(stream, context))
        failed = asyncio.create_task(self._doorway.wait_for_failure())
        try:
            await asyncio.wait({read, write, failed}, return_when=asyncio.FIRST_COMPLETED)
            if read.done():
                read.result()
            if write.done():
                write.result()
            if failed.done():
                raise ProtocolError(f"the run failed: {failed.result()}", Refusal.ABORTED)
        finally:
            for task in (read, write, failed):
                task.cancel()
            await asyncio.gather(read, write, failed, return_exceptions=True)

    @staticmethod
    async def _read(stream: "_Stream", bundles: AsyncIterator[pb.UplinkBundle]) -> None:
        async for bundle in bundles:
            stream.take(bundle)

    @staticmethod
    async def _write(stream: "_Stream", context: "aio.ServicerContext[Any, Any]") -> None:
        while not stream.ended:
            await stream.outbox_filled.wait()
            stream.outbox_filled.clear()
            ready = stream.outgoing()
            first = next(ready, None)
            while first is not None:
                messages, first = gather(first, partial(next, ready, None))
                await context.write(pb.DownlinkBundle(messages=messages))


class _Stream:
    """The devices of one stream, by port.

    Attributes:
        outbox_filled: set when there is a message for one of them.
        greeting: whether a Hello is being answered.
    """

    def __init__(self, doorway: Doorway, peer: str) -> None:
        self._doorway = doorway
        self._peer = peer
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
                self._doorway.receive(session, uplink_from_proto(message, session.contract))
        self.greeting = not self._by_port

    def outgoing(self) -> Iterator[pb.DownlinkMessage]:
        """The messages that are to be sent down now."""
        for port, session in list(self._by_port.items()):
            for body in session.outgoing():
                if body is None:
                    self._closed.add(port)
                    continue
                message = downlink_to_proto(body)
                message.port = port
                yield message

    def _welcome(self, message: pb.UplinkMessage) -> LinkSession:
        check_port(message.port)
        hello = uplink_from_proto(message)
        if not isinstance(hello, Hello):
            raise ProtocolError(f"a stream must begin with Hello, not {type(hello).__name__}")
        return self._doorway.connect(hello, self._peer, self.outbox_filled)
