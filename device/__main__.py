"""`splitwave device`: one edge device, or several. It needs an address and data; the handshake provides settings."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from splitwave.common.durations import parse_duration
from splitwave.common.errors import ConfigError
from splitwave.common.limits import MAX_LINKS
from splitwave.common.named_object import add_python_path
from splitwave.common.protocol.link_list import parse_links
from splitwave.common.runtime.address import parse_address
from splitwave.common.runtime.dial_timeout import add_dial_option, dial_timeout_of
from splitwave.common.runtime.logger import bind_context
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
from splitwave.common.runtime.stop_signals import ignore_warning_of_a_batch_system, stopping_from_a_thread
from splitwave.common.runtime.tls_options import add_tls_option, tls_of
from splitwave.device.session.kept_ids import held_ids
from splitwave.device.uplink.client import UplinkClient
from splitwave.device.uplink.host import Host

_OF_LIVE_DEVICES = ("--model", "--source", "--serve-app")


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
        "--connect-timeout",
        default="60",
        metavar="S",
        help="keep trying for S seconds, at the start and when the stream is lost; inf for no limit",
    )
    add_dial_option(parser)
    add_tls_option(parser)
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


def _open_training_host(
    options: argparse.Namespace, state: Path, links: Sequence[int], ids: Sequence[str]
) -> Callable[[], Host]:
    """Import what trains, and return what opens hosts.

    Raises:
        ConfigError: this is a board, without what trains.
    """
    try:
        from splitwave.device.session.training_devices import TrainingDevices  # noqa: PLC0415 — a board has no torch
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"a device that trains needs the package {error.name}: pip install 'splitwave[testbed]'"
        ) from error
    return TrainingDevices(state, links, ids, options.data, options.python_path).open_host


def _take_part(options: argparse.Namespace) -> None:
    """Take part in one run."""
    ignore_warning_of_a_batch_system()
    address = parse_address(options.connect, "--connect")
    check_data_dir(options.data)
    add_python_path(options.python_path)
    timeout_s = parse_duration(options.connect_timeout, "--connect-timeout")
    state = state_dir(options)
    links = _requested_links(options)
    if options.links is not None:
        bind_context(links=options.links)
    dial_timeout_s, tls = dial_timeout_of(options), tls_of(options)
    with held_ids(state, links or (None,), shared=options.shared_state) as ids:
        open_host = _open_training_host(options, state, links, ids)
        client = UplinkClient(address, open_host, timeout_s, dial_timeout_s, tls)
        with stopping_from_a_thread(client.stop):
            client.run()


def _submits_samples(arguments: Sequence[str]) -> bool:
    """Whether the device is to submit samples of its own, in place of taking part in a run."""
    return arguments[:1] == ["run"] or any(each.partition("=")[0] in _OF_LIVE_DEVICES for each in arguments)


def main() -> int:
    """Parse the command line and take part in one run, or submit samples to a base station that serves."""
    if _submits_samples(sys.argv[1:]):
        from splitwave.device.application.command import run_command  # noqa: PLC0415 — what trains needs none of it

        return run_command(sys.argv[1:])
    options = _arguments()
    return run_service("device", options, lambda: _take_part(options))


if __name__ == "__main__":
    sys.exit(main())
