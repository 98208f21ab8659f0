"""The channel emulator as a service: speaks the uplink on both of its sides. NumPy only, no torch.

It learns the run's settings from the Welcome that passes through, so it needs no configuration of its own. All that it
keeps beside an operator's changes (`channel.control`) belongs to a stream, or to the streams of a run: a restarted
emulator serves the devices' new streams with the same channel.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import structlog
from grpc import aio

from splitwave.channel.control.live_control import LiveControl
from splitwave.channel.emulator.clock import Clock
from splitwave.channel.emulator.media import EmulatedMedia
from splitwave.channel.emulator.port import EmulatedPort
from splitwave.channel.emulator.stream import EmulatedStream, Ending, UpstreamCall, Wake
from splitwave.common.errors import ProtocolError, UnreachableError
from splitwave.common.protocol.identity import Identity
from splitwave.common.runtime.dialling import failure_reason, open_aio_channel
from splitwave.common.runtime.peer_identity import DEVICE_METADATA, device_of
from splitwave.common.runtime.readable_replies import with_readable_replies
from splitwave.common.runtime.retry_log import RetryLog
from splitwave.common.runtime.rpc import DIAL_TIMEOUT_S, client_options, end_stream, first_bundle, refuse
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2_grpc

log = structlog.get_logger()


class ChannelService(uplink_pb2_grpc.UplinkServicer):
    """Forwards each device process's stream to the base station, symbols and gradients through the channel."""

    def __init__(
        self,
        basestation: str,
        dial_timeout_s: float = DIAL_TIMEOUT_S,
        python_path: Path | None = None,
        tls: TlsFolder | None = None,
        *,
        control: LiveControl | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Set up a service without a connection.

        Args:
            basestation: its address, to which a stream connects when its first message arrives.
            dial_timeout_s: the deadline of one dial.
            python_path: folder of the user's channel models; without it, only installed ones are used.
            tls: the emulator's files, for the connection to the base station; None for plaintext.
            control: changes the links while blocks pass; None for the settings' channels alone.
            clock: by which blocks are held, by default the machine's.
        """
        self._basestation = basestation
        self._waiting = RetryLog(f"the base station at {basestation}")
        self._python_path = python_path
        self._options = client_options(dial_timeout_s)
        self._tls = tls
        self._control = control
        self._media = EmulatedMedia(clock)

    async def Connect(  # type: ignore[override]  # noqa: N802 — a coroutine that writes to its context
        self, request_iterator: AsyncIterator[pb.UplinkBundle], context: "aio.ServicerContext[Any, Any]"
    ) -> None:
        """One stream, until either side ends it."""
        try:
            device = device_of(context)
            hellos = await first_bundle(request_iterator)
            ending = await self._call(device, hellos, request_iterator, context)
        except ProtocolError as error:
            log.warning("stream refused", peer=context.peer(), reason=str(error))
            await refuse(context, error)
        if ending.code is not grpc.StatusCode.OK:
            await self._pass_on(context, ending)

    async def _call(
        self,
        device: Identity | None,
        hellos: pb.UplinkBundle,
        bundles: AsyncIterator[pb.UplinkBundle],
        context: "aio.ServicerContext[Any, Any]",
    ) -> Ending:
        """Carry bundles over a gRPC channel of their own.

        It looks the base station's name up at once, however long nobody has known it. Channels of one address share
        its connection. The base station gets the identity of the device from here, because it sees the emulator's
        certificate alone.
        """
        passed_on = () if device is None else ((DEVICE_METADATA, device.uri),)
        try:
            opened = open_aio_channel(self._basestation, self._options, self._tls)
        except UnreachableError as error:  # the emulator's certificate has expired
            return Ending(grpc.StatusCode.UNAVAILABLE, str(error))
        async with opened as grpc_channel:
            stub = uplink_pb2_grpc.UplinkStub(with_readable_replies(grpc_channel, "the base station"))
            upstream = stub.Connect(metadata=passed_on)
            return await self._carry(upstream, hellos, bundles, context)

    async def _carry(
        self,
        upstream: UpstreamCall,
        hellos: pb.UplinkBundle,
        bundles: AsyncIterator[pb.UplinkBundle],
        context: "aio.ServicerContext[Any, Any]",
    ) -> Ending:
        """Carry bundles both ways until the base station ends its stream; returns its status."""
        ending = Ending()
        upstream.add_done_callback(ending.note)
        await context.send_initial_metadata(())  # as at the base station: else a refusal may send them twice
        stream = EmulatedStream(upstream, context, self._waiting.succeeded, self._new_port)
        up = asyncio.create_task(stream.carry_up(hellos, bundles))
        down = asyncio.create_task(stream.carry_down())
        slow = asyncio.create_task(stream.limit())
        held = asyncio.create_task(stream.carry_held())
        try:
            await asyncio.wait({up, down, slow, held}, return_when=asyncio.FIRST_COMPLETED)
            if up.done():
                up.result()  # a refused block ends the stream here
            # The device may have sent its last message; then the base station ends the stream.
            await asyncio.wait({down, slow, held}, return_when=asyncio.FIRST_COMPLETED)
            for task in (down, slow, held):
                if task.done():
                    task.result()
        except ProtocolError as error:
            up.cancel()
            held.cancel()
            await asyncio.gather(up, held, return_exceptions=True)  # one writer at a time
            await stream.give_up(str(error))
            raise
        finally:
            for task in (up, down, slow, held):
                task.cancel()
            upstream.cancel()
            stream.close()
            await asyncio.gather(up, down, slow, held, return_exceptions=True)
        return ending

    def _new_port(self, wake: Wake) -> EmulatedPort:
        return EmulatedPort(self._python_path, self._media, wake, self._control)

    async def _pass_on(self, context: "aio.ServicerContext[Any, Any]", ending: Ending) -> None:
        details = ending.details
        if ending.code is grpc.StatusCode.UNAVAILABLE:
            reason = failure_reason(details, self._tls)
            self._waiting.failed(reason)
            details = f"the channel emulator cannot reach the base station at {self._basestation}: {reason}"
        else:
            log.warning("base station ended the stream", code=ending.code.name, reason=details)
        await end_stream(context, ending.code, details)
