"""`splitwave device`: one edge device, or several. It needs an address and data; the handshake provides settings."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import structlog
import torch

from splitwave import __version__
from splitwave.common.config.run_config import RunConfig
from splitwave.common.durations import parse_duration
from splitwave.common.errors import ConfigError
from splitwave.common.limits import MAX_LINKS
from splitwave.common.named_object import add_python_path, check_consent
from splitwave.common.runtime.address import parse_address
from splitwave.common.runtime.dial_timeout import add_dial_option, dial_timeout_of
from splitwave.common.runtime.process import (
    add_consent_option,
    add_data_option,
    add_process_options,
    add_state_option,
    check_data_dir,
    parse_service_options,
    run_service,
    service_parser,
    state_dir,
)
from splitwave.device.learning.views import HostedViews, SeparateViews, StackedViews, load_views
from splitwave.device.session.host import DeviceHost
from splitwave.device.session.kept_ids import held_ids
from splitwave.device.session.link_list import parse_links
from splitwave.device.session.session import DeviceSession
from splitwave.device.uplink.client import UplinkClient


def _arguments() -> argparse.Namespace:
    parser = service_parser("device", __doc__)
    parser.add_argument("--connect", required=True, metavar="HOST:PORT", help="a channel emulator or base station")
    parser.add_argument("--link", type=int, metavar="N", help="the link to ask for; without one any that is free")
    parser.add_argument("--links", metavar="LIST", help="be several devices, with these links: 0-31, or 0,2,5-7")
    add_state_option(parser, "the device's id and its checkpoint")
    parser.add_argument(
        "--shared-state",
        action="store_true",
        help="other devices use the folder of --state, too: take an id there that none of them has at the moment",
    )
    parser.add_argument(
        "--connect-timeout", default="60", metavar="S", help="keep trying for S seconds; inf for no limit"
    )
    add_dial_option(parser)
    add_data_option(parser)
    add_consent_option(parser)
    add_process_options(parser)
    return parse_service_options(parser)


def _requested_links(options: argparse.Namespace) -> tuple[int, ...]:
    """The links to ask for; empty for one device that takes any link."""
    if options.links is not None:
        if options.link is not None:
            raise ConfigError(f"--link {options.link} and --links {options.links}: give one of them")
        return parse_links(options.links)
    if options.link is None:
        return ()
    if not 0 <= options.link < MAX_LINKS:
        raise ConfigError(f"--link {options.link}: links are numbered from 0 to at most {MAX_LINKS - 1}")
    return (options.link,)


def _open_host(state: Path, requested: Sequence[int | None], ids: Sequence[str], views: HostedViews) -> DeviceHost:
    sessions = [
        DeviceSession(
            device_id=device_id,
            software=__version__,
            requested_link=link,
            state_dir=state,
            open_views=views.open,
            clock=time.perf_counter_ns,
        )
        for device_id, link in zip(ids, requested, strict=True)
    ]
    return DeviceHost(sessions, lambda: views.stacked)


def main() -> int:
    """Parse the command line and take part in one run."""
    options = _arguments()

    def load(config: RunConfig, links: Sequence[int]) -> StackedViews | SeparateViews:
        named = {setting: name for setting, name in config.named_objects.items() if setting != "decoder.network"}
        check_consent(named, options.python_path)
        torch.set_num_threads(config.runtime.torch_threads)
        return load_views(config, links, options.data)

    def take_part() -> None:
        address = parse_address(options.connect, "--connect")
        check_data_dir(options.data)
        add_python_path(options.python_path)
        timeout_s = parse_duration(options.connect_timeout, "--connect-timeout")
        state = state_dir(options)
        links = _requested_links(options)
        if options.links is not None:
            structlog.contextvars.bind_contextvars(links=options.links)
        requested: Sequence[int | None] = links or (None,)
        views = HostedViews(links, load)
        dial_timeout_s = dial_timeout_of(options)
        with held_ids(state, requested, shared=options.shared_state) as ids:
            client = UplinkClient(address, lambda: _open_host(state, requested, ids, views), timeout_s, dial_timeout_s)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: client.stop())
            client.run()

    return run_service("device", options, take_part)


if __name__ == "__main__":
    sys.exit(main())
