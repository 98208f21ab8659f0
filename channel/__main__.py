"""`splitwave channel`: the channel emulator."""

import asyncio
import sys

from splitwave.channel.emulator.service import ChannelService
from splitwave.common.runtime.process import (
    add_process_options,
    announce_ready,
    parse_service_options,
    run_service,
    service_parser,
    stop_signal,
)
from splitwave.common.runtime.rpc import UPLINK_SERVICE, parse_address
from splitwave.common.runtime.server import serving
from splitwave.common.wire.pb import uplink_pb2_grpc


async def _serve(listen: str, connect: str, ready_fd: int | None) -> None:
    stop = stop_signal()
    service = ChannelService(connect)

    def register(server: object) -> None:
        uplink_pb2_grpc.add_UplinkServicer_to_server(service, server)  # type: ignore[arg-type]

    async with serving(listen, register, [UPLINK_SERVICE]) as address:
        announce_ready(ready_fd, address)
        await stop.wait()
    await service.close()


def main() -> int:
    """Parse the command line and serve until SIGTERM."""
    parser = service_parser("channel", __doc__)
    parser.add_argument("--listen", default="127.0.0.1:50052", metavar="HOST:PORT", help="for devices")
    parser.add_argument("--connect", required=True, metavar="HOST:PORT", help="the base station")
    add_process_options(parser)
    options = parse_service_options(parser)

    def serve() -> None:
        listen = parse_address(options.listen, "--listen", lowest_port=0)
        connect = parse_address(options.connect, "--connect")
        asyncio.run(_serve(listen, connect, options.ready_fd))

    return run_service("channel", options, serve)


if __name__ == "__main__":
    sys.exit(main())
