"""`--max-streams`, the option of every service that listens."""

import argparse

from splitwave.common.runtime.number_options import whole_number
from splitwave.common.runtime.rpc import MAX_STREAMS

_MOST = 65_536


def add_streams_option(parser: argparse.ArgumentParser) -> None:
    """Add `--max-streams`; `options.max_streams` is its value."""
    parser.add_argument(
        "--max-streams",
        type=whole_number(1, _MOST),
        default=MAX_STREAMS,
        metavar="N",
        help="serve at most N calls at the same time: streams of devices, watchers, health checks; others are refused",
    )
