"""The channel emulator as a service: speaks the uplink on both of its sides. NumPy only, no torch.

It learns the run's settings from the Welcome that passes through, so it needs no configuration of its own, and all
it keeps belongs to a stream: a restarted emulator serves the devices' new streams with the same channel.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from grpc import aio

from channel.link import ChannelLink
from common.config import RunConfig
from common.errors import ProtocolError
from common.messages import BlockKey, Phase
from common.pb import uplink_pb2 as pb
from common.pb import uplink_pb2_grpc
from common.rpc import CLIENT_OPTIONS, FAREWELL_LIMIT_S, first_message, refuse
from common.wire import (
    block_from_proto,
    block_to_proto,
    gradient_from_proto,
    gradient_to_proto,
    key_from_proto,
    symbols_from_proto,
)

SERVICE = pb.DESCRIPTOR.services_by_name["Uplink"].full_name

log = structlog.get_logger()

UpstreamCall = aio.StreamStreamCall[pb.UplinkMessage, pb.DownlinkMessage]


class ChannelService(uplink_pb2_grpc.UplinkServicer):
    """Forwards each device's stream to the base station, symbols and gradients through the channel."""

    def __init__(self, basestation: str) -> None:
        """Args: the base station's HOST:PORT; it is dialled when a device has said its first word."""
        self._basestation = basestation
        self._grpc_channel = aio.insecure_channel(basestation, options=CLIENT_OPTIONS)
        self._stub = uplink_pb2_grpc.UplinkStub(self._grpc_channel)

    async def close(self) -> None:
        """Close the connection to the base station."""
        await self._grpc_channel.close()

    async def Connect(  # type: ignore[override]  # noqa: N802 — a coroutine that writes to its context
        self, request_iterator: AsyncIterator[pb.UplinkMessage], context: "aio.ServicerContext[Any, Any]"
    ) -> None:
        """One device's stream, until either side ends it."""
        try:
            hello = await first_message(request_iterator)
            ending = await self._carry(hello, request_iterator, context)
        except ProtocolError as error:
            log.warning("stream refused", peer=context.peer(), reason=str(error))
            await refuse(context, error)
        if ending.code is not grpc.StatusCode.OK:
            await self._pass_on(context, ending)

    async def _carry(
        self,
        hello: pb.UplinkMessage,
        messages: AsyncIterator[pb.UplinkMessage],
        context: "aio.ServicerContext[Any, Any]",
    ) -> "_Ending":
        """Carry messages both ways until the base station ends its stream; how it did."""
        upstream: UpstreamCall = self._stub.Connect()
        ending = _Ending()
        upstream.add_done_callback(ending.note)
        stream = _EmulatedStream(upstream, context)
        up = asyncio.create_task(stream.carry_up(hello, messages))
        down = asyncio.create_task(stream.carry_down())
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            if up.done():
                up.result()  # a refused block ends the stream here
            await down  # the device may have said all that it has to say: the base station ends the stream
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

    async def _pass_on(self, context: "aio.ServicerContext[Any, Any]", ending: "_Ending") -> None:
        details = ending.details
        if ending.code is grpc.StatusCode.UNAVAILABLE:
            details = f"the channel emulator cannot reach the base station at {self._basestation}: {details}"
            log.warning("base station not reached", reason=details)
        else:
            log.warning("base station ended the stream", code=ending.code.name, reason=details)
        await context.abort(ending.code, details)


@dataclass(slots=True)
class _Ending:
    """How the base station ended a stream.

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
    """The state of one device's stream: its channel, and when its timed blocks left."""

    def __init__(self, upstream: UpstreamCall, context: "aio.ServicerContext[Any, Any]") -> None:
        self._upstream = upstream
        self._context = context
        self._link: ChannelLink | None = None
        self._timed: dict[BlockKey, tuple[int, int]] = {}
        self._starting_over = False

    async def carry_up(self, hello: pb.UplinkMessage, messages: AsyncIterator[pb.UplinkMessage]) -> None:
        try:
            await self._upstream.write(hello)
            async for message in messages:
                if self._starting_over and message.WhichOneof("body") not in ("ready", "leaving"):
                    continue  # sent before the device heard of it: this link's channel begins with the next Ready
                self._starting_over = False
                if message.HasField("block"):
                    self._transmit(message)
                await self._upstream.write(message)
            await self._upstream.done_writing()
        except (asyncio.InvalidStateError, aio.AioRpcError):
            return  # the base station has ended the stream; how, it has told `_Ending`

    async def give_up(self, reason: str) -> None:
        """Tell the base station why this stream ends, and give it time to hear it."""
        try:
            async with asyncio.timeout(FAREWELL_LIMIT_S):
                await self._upstream.write(pb.UplinkMessage(leaving=pb.Leaving(reason=reason)))
                await self._upstream.done_writing()
                await self._upstream.code()
        except (TimeoutError, asyncio.InvalidStateError, aio.AioRpcError):
            return  # it has ended the stream itself, or does not listen

    async def carry_down(self) -> None:
        try:
            async for message in self._upstream:
                self._return(message)
                await self._context.write(message)
        except aio.AioRpcError:
            return  # likewise

    def _return(self, message: pb.DownlinkMessage) -> None:
        match message.WhichOneof("body"):
            case "welcome":
                self._begin(message.welcome)
            case "evaluate":
                self._welcomed.symbols = symbols_from_proto(message.evaluate.symbols)
            case "gradient":
                gradient = gradient_from_proto(message.gradient, self._welcomed.contract)
                message.gradient.CopyFrom(gradient_to_proto(self._welcomed.return_gradient(gradient)))
            case "prediction":
                self._add_hops(message.prediction)

    def _begin(self, welcome: pb.Welcome) -> None:
        """The link of a run, from its first block; a second Welcome starts the run over."""
        self._starting_over = self._link is not None
        self._link = ChannelLink(RunConfig.from_handshake(welcome.settings_json), welcome.link)
        self._timed.clear()
        log.info("run starts over" if self._starting_over else "link up", link=welcome.link, run=welcome.run_id)

    @property
    def _welcomed(self) -> ChannelLink:
        if self._link is None:
            raise ProtocolError("symbols came before the handshake was over")
        return self._link

    def _transmit(self, message: pb.UplinkMessage) -> None:
        started = time.perf_counter_ns()
        contract = self._welcomed.contract
        block = block_from_proto(message.block, contract)
        message.block.CopyFrom(block_to_proto(self._welcomed.transmit(block), contract))
        if block.key.phase is Phase.SERVE:
            finished = time.perf_counter_ns()
            self._timed[block.key] = (finished - started, finished)

    def _add_hops(self, prediction: pb.Prediction) -> None:
        timed = self._timed.pop(key_from_proto(prediction.key), None)
        if timed is not None:
            emulate_ns, left = timed
            beyond_ns = sum(hop.duration_ns for hop in prediction.hops)
            backhaul_ns = max(0, time.perf_counter_ns() - left - beyond_ns)
            hops = [
                pb.Hop(name="emulate", duration_ns=emulate_ns),
                pb.Hop(name="backhaul", duration_ns=backhaul_ns),
                *prediction.hops,
            ]
            del prediction.hops[:]
            prediction.hops.extend(hops)
