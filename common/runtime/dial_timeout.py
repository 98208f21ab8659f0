"""`--dial-timeout`, the option of every service that dials a peer."""

import argparse

from splitwave.common.errors import ConfigError
from splitwave.common.runtime.rpc import DIAL_TIMEOUT_S

SHORTEST_DIAL_S = 0.1  # gRPC's own limit
LONGEST_DIAL_S = 3_600.0


def add_dial_option(parser: argparse.ArgumentParser) -> None:
    """Add `--dial-timeout`, the deadline of one dial; how long a service keeps trying is another matter."""
    parser.add_argument(
        "--dial-timeout",
        type=float,
        default=DIAL_TIMEOUT_S,
        metavar="S",
        help="give up one dial after S seconds, and dial again; each takes two round trips of the link",
    )


def dial_timeout_of(options: argparse.Namespace) -> float:
    """Return the seconds given as `--dial-timeout`.

    Raises:
        ConfigError: no dial takes so long, or ends so soon.
    """
    seconds: float = options.dial_timeout
    if not SHORTEST_DIAL_S <= seconds <= LONGEST_DIAL_S:
        raise ConfigError(
            f"--dial-timeout {seconds:g}: expected seconds, from {SHORTEST_DIAL_S:g} to {LONGEST_DIAL_S:g}"
        )
    return seconds
