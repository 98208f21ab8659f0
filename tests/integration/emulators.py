"""Channel emulators inside the test process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from grpc import aio

from splitwave.channel.control.live_control import LiveControl
from splitwave.channel.emulator.control_service import SERVICE as CHANNEL_CONTROL
from splitwave.channel.emulator.control_service import ChannelControlService
from splitwave.channel.emulator.service import ChannelService
from splitwave.common.runtime.rpc import UPLINK_SERVICE
from splitwave.common.runtime.server import serving
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.wire.pb import channel_control_pb2_grpc, uplink_pb2_grpc


@asynccontextmanager
async def emulator(
    basestation: str, control: LiveControl, listen: str = "127.0.0.1:0", tls: TlsFolder | None = None
) -> AsyncIterator[str]:
    """A channel emulator with its control service."""
    service = ChannelService(basestation, tls=tls, control=control)

    def register(server: aio.Server) -> None:
        uplink_pb2_grpc.add_UplinkServicer_to_server(service, server)
        channel_control_pb2_grpc.add_ChannelControlServicer_to_server(ChannelControlService(control), server)

    async with serving(listen, register, [UPLINK_SERVICE, CHANNEL_CONTROL], tls) as address:
        yield address
