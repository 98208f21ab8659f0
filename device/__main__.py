"""`python -m device`: one edge device. It needs an address and its data; the handshake brings the rest."""

import argparse
import os
import signal
import socket
import sys
import time
from pathlib import Path

import torch

from common.config import RunConfig
from common.errors import ConfigError
from common.process import (
    add_data_option,
    add_process_options,
    check_data_dir,
    default_state_dir,
    run_service,
)
from common.rpc import parse_address
from common.version import VERSION
from device.session import DeviceSession
from device.uplink import UplinkClient
from device.views import load_views
from device.worker import Views


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m device", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--connect", required=True, metavar="HOST:PORT", help="a channel emulator or base station")
    parser.add_argument("--link", type=int, metavar="N", help="the link to ask for; without one any that is free")
    parser.add_argument("--state", type=Path, default=default_state_dir(), metavar="DIR", help="for the checkpoint")
    parser.add_argument("--connect-timeout", type=float, default=60.0, metavar="S", help="keep trying for S seconds")
    add_data_option(parser)
    add_process_options(parser)
    return parser.parse_args()


def main() -> int:
    """Parse the command line and take part in one run."""
    options = _arguments()

    def open_views(config: RunConfig, link: int) -> Views:
        torch.set_num_threads(config.runtime.torch_threads)
        return load_views(config, link, options.data)

    def open_sessions() -> list[DeviceSession]:
        session = DeviceSession(
            device_id=f"{socket.gethostname()}-{os.getpid()}",
            software=VERSION,
            wish=options.link,
            host=socket.gethostname(),
            state_dir=options.state,
            open_views=open_views,
            clock=time.perf_counter_ns,
        )
        return [session]

    def take_part() -> None:
        address = parse_address(options.connect, "--connect")
        check_data_dir(options.data)
        if not options.connect_timeout >= 0:
            raise ConfigError(f"--connect-timeout {options.connect_timeout}: expected seconds, 0 or more")
        if options.link is not None and options.link < 0:
            raise ConfigError(f"--link {options.link}: links are numbered from 0")
        client = UplinkClient(address, open_sessions, options.connect_timeout)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: client.stop())
        client.run()

    return run_service("device", options, take_part)


if __name__ == "__main__":
    sys.exit(main())
