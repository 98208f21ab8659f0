"""`splitwave device`: one edge device, or several. It needs an address and data; the handshake provides settings."""

import argparse
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import structlog
import torch

from splitwave import __version__
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.runtime.process import (
    add_data_option,
    add_process_options,
    check_data_dir,
    default_state_dir,
    run_service,
)
from splitwave.common.runtime.rpc import parse_address
from splitwave.device.learning.views import HostedViews, StackedViews, load_stacked_views
from splitwave.device.session.host import DeviceHost
from splitwave.device.session.link_list import parse_links
from splitwave.device.session.session import DeviceSession
from splitwave.device.uplink.client import UplinkClient


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="splitwave device", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--connect", required=True, metavar="HOST:PORT", help="a channel emulator or base station")
    parser.add_argument("--link", type=int, metavar="N", help="the link to ask for; without one any that is free")
    parser.add_argument("--links", metavar="LIST", help="be several devices, with these links: 0-31, or 0,2,5-7")
    parser.add_argument("--state", type=Path, default=default_state_dir(), metavar="DIR", help="for the checkpoint")
    parser.add_argument("--connect-timeout", type=float, default=60.0, metavar="S", help="keep trying for S seconds")
    add_data_option(parser)
    add_process_options(parser)
    return parser.parse_args()


def _requested_links(options: argparse.Namespace) -> tuple[int, ...]:
    """The links to ask for; empty for one device that takes any link."""
    if options.links is not None:
        if options.link is not None:
            raise ConfigError(f"--link {options.link} and --links {options.links}: give one of them")
        return parse_links(options.links)
    if options.link is None:
        return ()
    if options.link < 0:
        raise ConfigError(f"--link {options.link}: links are numbered from 0")
    return (options.link,)


def _open_host(options: argparse.Namespace, links: Sequence[int], views: HostedViews) -> DeviceHost:
    process = f"{socket.gethostname()}-{os.getpid()}"
    requested: Sequence[int | None] = links or (None,)
    sessions = [
        DeviceSession(
            device_id=process if len(requested) == 1 else f"{process}-{link}",
            software=__version__,
            requested_link=link,
            host=socket.gethostname(),
            state_dir=options.state,
            open_views=views.open,
            clock=time.perf_counter_ns,
        )
        for link in requested
    ]
    return DeviceHost(sessions, lambda: views.stacked)


def main() -> int:
    """Parse the command line and take part in one run."""
    options = _arguments()

    def load(config: RunConfig, links: Sequence[int]) -> StackedViews:
        torch.set_num_threads(config.runtime.torch_threads)
        return load_stacked_views(config, links, options.data)

    def take_part() -> None:
        address = parse_address(options.connect, "--connect")
        check_data_dir(options.data)
        if not options.connect_timeout >= 0:
            raise ConfigError(f"--connect-timeout {options.connect_timeout}: expected seconds, 0 or more")
        links = _requested_links(options)
        if options.links is not None:
            structlog.contextvars.bind_contextvars(links=options.links)
        views = HostedViews(links, load)
        client = UplinkClient(address, lambda: _open_host(options, links, views), options.connect_timeout)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: client.stop())
        client.run()

    return run_service("device", options, take_part)


if __name__ == "__main__":
    sys.exit(main())
