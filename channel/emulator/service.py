"""The channel emulator as a service: speaks the uplink on both of its sides. NumPy only, no torch.

It learns the run's settings from the Welcome that passes through, so it needs no configuration of its own, and all
it keeps belongs to a stream: a restarted emulator serves the devices' new streams with the same channel.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import structlog
from grpc import aio

from splitwave.channel.emulator.port import EmulatedPort
from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_MESSAGE_BYTES
from splitwave.common.runtime.grpc_reason import short_reason
from splitwave.common.runtime.retry_log import RetryLog
from splitwave.common.runtime.rpc import (
    CLOSING_LIMIT_S,
    DIAL_TIMEOUT_S,
    check_port,
    client_options,
    first_bundle,
    refuse,
)
from splitwave.common.wire.bundling import check_bundle
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2_grpc

log = structlog.get_logger()

UpstreamCall = aio.StreamStreamCall[pb.UplinkBundle, pb.DownlinkBundle]


class ChannelService(uplink_pb2_grpc.UplinkServicer):
    """Forwards each device process's stream to the base station, symbols and gradients through the channel."""

    def __init__(
        self, basestation: str, dial_timeout_s: float = DIAL_TIMEOUT_S, python_path: Path | None = None
    ) -> None:
        """Set up a service without a connection.

        Args:
            basestation: its address, to which a stream connects when its first message arrives.
            dial_timeout_s: the deadline of one dial.
            python_path: folder of the user's channel models; without it, only installed ones are used.
        """
        self._basestation = basestation
        self._waiting = RetryLog(f"the base station at {basestation}")
        self._python_path = python_path
        self._options = client_options(dial_timeout_s)

    async def Connect(  # type: ignore[override]  # noqa: N802 — a coroutine that writes to its context
        self, request_iterator: AsyncIterator[pb.UplinkBundle], context: "aio.ServicerContext[Any, Any]"
    ) -> None:
        """One stream, until either side ends it."""
        try:
            hellos = await first_bundle(request_iterator)
            ending = await self._call(hellos, request_iterator, context)
        except ProtocolError as error:
            log.warning("stream refused", peer=context.peer(), reason=str(error))
            await refuse(context, error)
        if ending.code is not grpc.StatusCode.OK:
            await self._pass_on(context, ending)

    async def _call(
        self,
        hellos: pb.UplinkBundle,
        bundles: AsyncIterator[pb.UplinkBundle],
        context: "aio.ServicerContext[Any, Any]",
    ) -> "_Ending":
        """Carry bundles over a gRPC channel of their own.

        It looks the base station's name up at once, however long nobody has known it. Channels of one address share
        its connection.
        """
        async with aio.insecure_channel(self._basestation, options=self._options) as grpc_channel:
            upstream = uplink_pb2_grpc.UplinkStub(grpc_channel).Connect()
            return await self._carry(upstream, hellos, bundles, context)

    async def _carry(
        self,
        upstream: UpstreamCall,
        hellos: pb.UplinkBundle,
        bundles: AsyncIterator[pb.UplinkBundle],
        context: "aio.ServicerContext[Any, Any]",
    ) -> "_Ending":
        """Carry bundles both ways until the base station ends its stream; returns its status."""
        ending = _Ending()
        upstream.add_done_callback(ending.note)
        stream = _EmulatedStream(upstream, context, self._waiting.succeeded, self._new_port)
        up = asyncio.create_task(stream.carry_up(hellos, bundles))
        down = asyncio.create_task(stream.carry_down())
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            if up.done():
                up.result()  # a refused block ends the stream here
            await down  # the device may have sent its last message; then the base station ends the stream
        except ProtocolError as error:
            up.cancel()
            await asyncio.gather(up, return_exceptions=True)  # one writer at a time
            await stream.give_up(str(error))
            raise
        finally:
            for task in (up, down):
                task.cancel()
            upstream.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
        return ending

    def _new_port(self) -> EmulatedPort:
        return EmulatedPort(self._python_path)

    async def _pass_on(self, context: "aio.ServicerContext[Any, Any]", ending: "_Ending") -> None:
        details = ending.details
        if ending.code is grpc.StatusCode.UNAVAILABLE:
            reason = short_reason(details)
            self._waiting.failed(reason)
            details = f"the channel emulator cannot reach the base station at {self._basestation}: {reason}"
        else:
            log.warning("base station ended the stream", code=ending.code.name, reason=details)
        await context.abort(ending.code, details)


@dataclass(slots=True)
class _Ending:
    """The way in which the base station ended a stream.

    grpc.aio replaces a call's status by INTERNAL when a write fails after the other side has ended the call, so
    the status is kept at the moment that it arrives.
    """

    code: grpc.StatusCode = grpc.StatusCode.OK
    details: str = ""

    def note(self, call: UpstreamCall) -> None:
        self.code, self.details = _immediate(call.code()), _immediate(call.details()) or ""


def _immediate(answer: Any) -> Any:
    """The result of a coroutine that has nothing to wait for: the status of a call that is done."""
    try:
        answer.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("a call that is done has no status")


class _EmulatedStream:
    """One device process's stream: bundles go through as they come, each of their messages through its port."""

    def __init__(
        self,
        upstream: UpstreamCall,
        context: "aio.ServicerContext[Any, Any]",
        answered: Callable[[], None],
        new_port: Callable[[], EmulatedPort],
    ) -> None:
        """Set up a stream.

        Args:
            upstream: the call to the base station.
            context: of the call from the devices.
            answered: called for each bundle from the base station.
            new_port: makes the port of one more device.
        """
        self._upstream = upstream
        self._context = context
        self._answered = answered
        self._new_port = new_port
        self._ports: dict[int, EmulatedPort] = {}
        self._port_at_work = 0
        self._greeted = False

    async def carry_up(self, hellos: pb.UplinkBundle, bundles: AsyncIterator[pb.UplinkBundle]) -> None:
        try:
            await self._write_up(hellos)
            async for bundle in bundles:
                await self._write_up(bundle)
            await self._upstream.done_writing()
        except (asyncio.InvalidStateError, aio.AioRpcError):
            return  # the base station has ended the stream; `_Ending` has its status

    async def give_up(self, reason: str) -> None:
        """Send the base station, if it knows the stream, the reason why it ends, and wait for the end."""
        if not self._greeted:
            return
        leaving = pb.UplinkMessage(port=self._port_at_work, leaving=pb.Leaving(reason=reason))
        try:
            async with asyncio.timeout(CLOSING_LIMIT_S):
                await self._upstream.write(pb.UplinkBundle(messages=[leaving]))
                await self._upstream.done_writing()
                await self._upstream.code()
        except (TimeoutError, asyncio.InvalidStateError, aio.AioRpcError):
            return  # the base station has ended the stream itself, or cannot be reached

    async def carry_down(self) -> None:
        try:
            async for bundle in self._upstream:
                self._answered()
                check_bundle(bundle)
                for message in bundle.messages:
                    self._port(message.port).pass_down(message)
                await self._context.write(bundle)
        except aio.AioRpcError:
            return  # likewise

    async def _write_up(self, bundle: pb.UplinkBundle) -> None:
        check_bundle(bundle)
        for part in self._parts(bundle):
            void = [number for number, message in enumerate(part.messages) if not self._pass_up(message)]
            for number in reversed(void):
                del part.messages[number]
            if part.messages:
                await self._upstream.write(part)
                self._greeted = True

    def _parts(self, bundle: pb.UplinkBundle) -> Iterable[pb.UplinkBundle]:
        """The bundle, if one bundle holds the noisy copies of all its symbols, else each message by itself."""
        if sum(self._port(message.port).bytes_behind(message) for message in bundle.messages) <= MAX_MESSAGE_BYTES:
            return (bundle,)
        return (pb.UplinkBundle(messages=[message]) for message in bundle.messages)

    def _pass_up(self, message: pb.UplinkMessage) -> bool:
        return self._port(message.port).pass_up(message)

    def _port(self, number: int) -> EmulatedPort:
        port = self._ports.get(number)
        if port is None:
            check_port(number)
            port = self._ports[number] = self._new_port()
        self._port_at_work = number
        return port
