"""One device process's stream through the emulator, in both directions, and the way in which it ended."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
from grpc import aio

from splitwave.channel.emulator.port import EmulatedPort
from splitwave.common.limits import MAX_MESSAGE_BYTES
from splitwave.common.runtime.rpc import CLOSING_LIMIT_S, check_port
from splitwave.common.runtime.write_watch import WriteWatch
from splitwave.common.wire.bundling import Message, check_bundle, gather
from splitwave.common.wire.pb import uplink_pb2 as pb

UpstreamCall = aio.StreamStreamCall[pb.UplinkBundle, pb.DownlinkBundle]
Bundle = pb.UplinkBundle | pb.DownlinkBundle
Wake = Callable[[], None]


_FAILED_WRITE = (grpc.StatusCode.INTERNAL, "Internal error from Core")


@dataclass(slots=True)
class Ending:
    """The way in which the base station ended a stream.

    grpc.aio replaces a call's status by INTERNAL when a write fails after the other side has ended the call, so
    the status is kept at the moment that it arrives. If the write fails before that, the status is lost for good; the
    base station may have died, so that devices should try again.
    """

    code: grpc.StatusCode = grpc.StatusCode.OK
    details: str = ""

    def note(self, call: UpstreamCall) -> None:
        """Keep the status of a call that is done."""
        self.code, self.details = _immediate(call.code()), _immediate(call.details()) or ""
        if (self.code, self.details) == _FAILED_WRITE:
            self.code, self.details = (
                grpc.StatusCode.UNAVAILABLE,
                "the stream broke while it was written to (if the base station ended it, its log has the reason)",
            )


def _immediate(answer: Any) -> Any:
    """The result of a coroutine that has nothing to wait for: the status of a call that is done."""
    try:
        answer.send(None)
    except StopIteration as end:
        return end.value
    raise RuntimeError("a call that is done has no status")


class EmulatedStream:
    """One device process's stream: bundles go through as they come, each of their messages through its port."""

    def __init__(
        self,
        upstream: UpstreamCall,
        context: "aio.ServicerContext[Any, Any]",
        answered: Callable[[], None],
        new_port: Callable[[Wake], EmulatedPort],
    ) -> None:
        """Set up a stream.

        Args:
            upstream: the call to the base station.
            context: of the call from the devices.
            answered: called for each bundle from the base station.
            new_port: makes the port of one more device, which calls its argument when messages may leave it.
        """
        self._upstream = upstream
        self._up: WriteWatch[pb.UplinkBundle] = WriteWatch(upstream.write, "the base station")
        self._down: WriteWatch[pb.DownlinkBundle] = WriteWatch(context.write, "the device")
        self._answered = answered
        self._new_port = new_port
        self._ports: dict[int, EmulatedPort] = {}
        self._port_at_work = 0
        self._greeted = False
        self._ready, self._released = asyncio.Event(), asyncio.Event()
        # A port's messages stay in order if what leaves it is written before it is asked again.
        self._leaving_up, self._leaving_down = asyncio.Lock(), asyncio.Lock()

    async def carry_up(self, hellos: pb.UplinkBundle, bundles: AsyncIterator[pb.UplinkBundle]) -> None:
        """Carry bundles to the base station until the devices close the stream, or the base station ends it.

        Raises:
            ProtocolError: a message does not fit the link's contract.
        """
        try:
            await self._write_up(hellos)
            async for bundle in bundles:
                await self._write_up(bundle)
            for port in self._ports.values():
                port.end_up()
            while any(port.holds_up for port in self._ports.values()):
                self._released.clear()
                await self._released.wait()
            await self._upstream.done_writing()
        except (asyncio.InvalidStateError, aio.AioRpcError):
            return  # the base station has ended the stream; `Ending` has its status

    async def carry_held(self) -> None:
        """Carry messages that waited in their ports, as soon as they may go on; ends by cancellation alone.

        Raises:
            ProtocolError: a message does not fit the others of its block.
        """
        try:
            while True:
                await self._ready.wait()
                self._ready.clear()
                await self._write_held()
                self._released.set()
        except (asyncio.InvalidStateError, aio.AioRpcError):
            await asyncio.Event().wait()  # the base station has ended the stream; `Ending` has its status

    async def limit(self) -> None:
        """Wait until one side has read nothing for too long.

        Raises:
            ProtocolError: it has.
        """
        watches = [asyncio.create_task(writes.limit()) for writes in (self._up, self._down)]
        try:
            ended, _ = await asyncio.wait(watches, return_when=asyncio.FIRST_COMPLETED)
            ended.pop().result()
        finally:
            for watch in watches:
                watch.cancel()

    def close(self) -> None:
        """Drop all that waits: the stream has ended."""
        for port in self._ports.values():
            port.close()

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
        """Carry bundles to the devices until the base station ends the stream; errors as for `carry_up`."""
        try:
            async for bundle in self._upstream:
                self._answered()
                check_bundle(bundle)
                async with self._leaving_down:
                    _keep(bundle, lambda message: self._port(message.port).pass_down(message))
                    if bundle.messages:
                        await self._down.write(bundle)
        except aio.AioRpcError:
            return  # likewise

    async def _write_up(self, bundle: pb.UplinkBundle) -> None:
        check_bundle(bundle)
        for part in self._parts(bundle):
            async with self._leaving_up:
                _keep(part, lambda message: self._port(message.port).pass_up(message))
                if part.messages:
                    await self._up.write(part)
                    self._greeted = True

    async def _write_held(self) -> None:
        async with self._leaving_up:
            up = [message for port in self._at_work() for message in port.leaving_up()]
            for to_base_station in _bundled(up):
                await self._up.write(pb.UplinkBundle(messages=to_base_station))
        async with self._leaving_down:
            down = [message for port in self._at_work() for message in port.leaving_down()]
            for to_device in _bundled(down):
                await self._down.write(pb.DownlinkBundle(messages=to_device))

    def _at_work(self) -> Iterable[EmulatedPort]:
        for number, port in self._ports.items():
            self._port_at_work = number
            yield port

    def _parts(self, bundle: pb.UplinkBundle) -> Iterable[pb.UplinkBundle]:
        """The bundle, if one bundle holds the noisy copies of all its symbols, else each message by itself."""
        messages = bundle.messages
        if len(messages) == 1:
            return (bundle,)
        if sum(self._port(message.port).bytes_behind(message) for message in messages) <= MAX_MESSAGE_BYTES:
            return (bundle,)
        return (pb.UplinkBundle(messages=[message]) for message in bundle.messages)

    def _port(self, number: int) -> EmulatedPort:
        port = self._ports.get(number)
        if port is None:
            check_port(number)
            wake = partial(_set_from_any_thread, asyncio.get_running_loop(), self._ready)
            port = self._ports[number] = self._new_port(wake)
        self._port_at_work = number
        return port


def _set_from_any_thread(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop has ended, and the stream with it
        loop.call_soon_threadsafe(event.set)


def _keep(bundle: Bundle, goes_on: Callable[[Any], bool]) -> None:
    """Take out of a bundle what does not go on with it."""
    others = [number for number, message in enumerate(bundle.messages) if not goes_on(message)]
    for number in reversed(others):
        del bundle.messages[number]


def _bundled(messages: list[Message]) -> Iterable[list[Message]]:
    """The messages in order, as many at a time as a bundle holds."""
    left = deque(messages)
    while left:
        fitting, more = gather(left.popleft(), lambda: left.popleft() if left else None)
        if more is not None:
            left.appendleft(more)
        yield fitting
