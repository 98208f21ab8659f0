"""`splitwave channel`: the channel emulator.

While it runs, `splitwave channel list|set|watch|replay` show and change its links.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from grpc import aio

from splitwave.channel.control.live_control import LiveControl
from splitwave.channel.control.state_file import StateFile
from splitwave.channel.emulator.control_service import SERVICE as CONTROL_SERVICE
from splitwave.channel.emulator.control_service import ChannelControlService
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
from splitwave.common.runtime.stop_signals import ignore_warning_of_a_batch_system, stop_event
from splitwave.common.runtime.stream_limit import add_streams_option
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.runtime.tls_options import add_server_options, listening_tls_of
from splitwave.common.wire.pb import channel_control_pb2_grpc, uplink_pb2_grpc


async def _serve(basestation: str, listen: str, tls: TlsFolder | None, options: argparse.Namespace) -> None:
    stop = stop_event()
    control = LiveControl(None if options.state is None else StateFile(options.state))
    service = ChannelService(basestation, dial_timeout_of(options), options.python_path, tls, control=control)

    def register(server: aio.Server) -> None:
        uplink_pb2_grpc.add_UplinkServicer_to_server(service, server)
        channel_control_pb2_grpc.add_ChannelControlServicer_to_server(ChannelControlService(control), server)

    services = [UPLINK_SERVICE, CONTROL_SERVICE]
    async with serving(
        listen, register, services, tls, reflection=options.reflection, max_streams=options.max_streams
    ) as address:
        announce_ready(options.ready_fd, address)
        await stop.wait()


def main() -> int:
    """Parse the command line and serve until SIGTERM."""
    parser = service_parser("channel", __doc__)
    parser.add_argument("--listen", default="127.0.0.1:50052", metavar="HOST:PORT", help="for devices")
    parser.add_argument("--connect", required=True, metavar="HOST:PORT", help="the base station")
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help="keep what `splitwave channel set` changes there, and go on with it (default: nothing is kept)",
    )
    add_dial_option(parser)
    add_streams_option(parser)
    add_server_options(parser)
    add_data_option(parser)
    add_consent_option(parser)
    add_process_options(parser)
    options = parse_service_options(parser)

    def serve() -> None:
        ignore_warning_of_a_batch_system()
        listen = parse_listen_address(options.listen, "--listen")
        tls = listening_tls_of(options, listen)
        add_python_path(options.python_path)
        check_data_dir(options.data)
        use_data_folder(options.data)
        basestation = parse_address(options.connect, "--connect")
        asyncio.run(_serve(basestation, listen, tls, options))

    return run_service("channel", options, serve)


if __name__ == "__main__":
    sys.exit(main())
