"""`splitwave channel`: the channel emulator."""

import asyncio
import sys

from splitwave.channel.emulator.service import ChannelService
from splitwave.common.named_object import add_python_path
from splitwave.common.runtime.address import parse_address, parse_listen_address
from splitwave.common.runtime.dial_timeout import add_dial_option, dial_timeout_of
from splitwave.common.runtime.process import (
    add_consent_option,
    add_process_options,
    announce_ready,
    parse_service_options,
    run_service,
    service_parser,
    stop_signal,
)
from splitwave.common.runtime.rpc import UPLINK_SERVICE
from splitwave.common.runtime.server import serving
from splitwave.common.wire.pb import uplink_pb2_grpc


async def _serve(service: ChannelService, listen: str, ready_fd: int | None) -> None:
    stop = stop_signal()

    def register(server: object) -> None:
        uplink_pb2_grpc.add_UplinkServicer_to_server(service, server)  # type: ignore[arg-type]

    async with serving(listen, register, [UPLINK_SERVICE]) as address:
        announce_ready(ready_fd, address)
        await stop.wait()


def main() -> int:
    """Parse the command line and serve until SIGTERM."""
    parser = service_parser("channel", __doc__)
    parser.add_argument("--listen", default="127.0.0.1:50052", metavar="HOST:PORT", help="for devices")
    parser.add_argument("--connect", required=True, metavar="HOST:PORT", help="the base station")
    add_dial_option(parser)
    add_consent_option(parser)
    add_process_options(parser)
    options = parse_service_options(parser)

    def serve() -> None:
        listen = parse_listen_address(options.listen, "--listen")
        add_python_path(options.python_path)
        basestation = parse_address(options.connect, "--connect")
        service = ChannelService(basestation, dial_timeout_of(options), options.python_path)
        asyncio.run(_serve(service, listen, options.ready_fd))

    return run_service("channel", options, serve)


if __name__ == "__main__":
    sys.exit(main())
