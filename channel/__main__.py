"""`splitwave channel`: the channel emulator."""

import argparse
import asyncio
import sys

from splitwave.channel.emulator.service import ChannelService
from splitwave.common.files.data_folder import use_data_folder
from splitwave.common.named_object import add_python_path
from splitwave.common.runtime.address import parse_address, parse_listen_address
from splitwave.common.runtime.dial_timeout import add_dial_option, dial_timeout_of
from splitwave.common.runtime.process import (
    add_consent_option,
    add_data_option,
    add_process_options,
    announce_ready,
    check_data_dir,
    parse_service_options,
    run_service,
    service_parser,
)
from splitwave.common.runtime.rpc import UPLINK_SERVICE
from splitwave.common.runtime.server import serving
from splitwave.common.runtime.stop_signals import leave_stop_to_the_base_station, stop_event
from splitwave.common.runtime.stream_limit import add_streams_option
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.runtime.tls_options import add_server_options, listening_tls_of
from splitwave.common.wire.pb import uplink_pb2_grpc


async def _serve(service: ChannelService, listen: str, tls: TlsFolder | None, options: argparse.Namespace) -> None:
    stop = stop_event()

    def register(server: object) -> None:
        uplink_pb2_grpc.add_UplinkServicer_to_server(service, server)  # type: ignore[arg-type]

    async with serving(
        listen, register, [UPLINK_SERVICE], tls, reflection=options.reflection, max_streams=options.max_streams
    ) as address:
        announce_ready(options.ready_fd, address)
        await stop.wait()


def main() -> int:
    """Parse the command line and serve until SIGTERM."""
    parser = service_parser("channel", __doc__)
    parser.add_argument("--listen", default="127.0.0.1:50052", metavar="HOST:PORT", help="for devices")
    parser.add_argument("--connect", required=True, metavar="HOST:PORT", help="the base station")
    add_dial_option(parser)
    add_streams_option(parser)
    add_server_options(parser)
    add_data_option(parser)
    add_consent_option(parser)
    add_process_options(parser)
    options = parse_service_options(parser)

    def serve() -> None:
        leave_stop_to_the_base_station()
        listen = parse_listen_address(options.listen, "--listen")
        tls = listening_tls_of(options, listen)
        add_python_path(options.python_path)
        check_data_dir(options.data)
        use_data_folder(options.data)
        basestation = parse_address(options.connect, "--connect")
        service = ChannelService(basestation, dial_timeout_of(options), options.python_path, tls)
        asyncio.run(_serve(service, listen, tls, options))

    return run_service("channel", options, serve)


if __name__ == "__main__":
    sys.exit(main())
