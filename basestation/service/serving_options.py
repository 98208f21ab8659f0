"""The options of `splitwave basestation` with `--serve`, and what it then does."""

import argparse
import asyncio
import math
import uuid
from pathlib import Path

import structlog

from splitwave.basestation.service.base_station import Access
from splitwave.basestation.service.serving_station import ServingStation
from splitwave.basestation.serving.live_station import QUERY_TIMEOUT_S
from splitwave.common.durations import parse_duration
from splitwave.common.errors import ConfigError
from splitwave.common.named_object import add_python_path
from splitwave.common.runtime.process import announce_ready
from splitwave.common.runtime.stop_signals import ignore_warning_of_a_batch_system, stop_event


def add_serving_options(parser: argparse.ArgumentParser) -> None:
    """Add `--serve`, and the options that only matter with it."""
    parser.add_argument(
        "--serve",
        type=Path,
        metavar="MODELDIR",
        help="answer the queries of live devices with a model that `splitwave export` wrote, until stopped; there is "
        "no run then, and the options of a run do nothing",
    )
    parser.add_argument(
        "--query-timeout",
        default=f"{QUERY_TIMEOUT_S:g}",
        metavar="S",
        help="with --serve: how long a query waits for links at most; a shorter fusion.deadline_ms comes first",
    )
    parser.add_argument(
        "--deployed",
        type=Path,
        metavar="DIR",
        help="with --serve: keep the models of `splitwave deploy` there, and start with the last model in use; "
        "without it a station that is started again begins with MODELDIR",
    )
    parser.add_argument(
        "--trust",
        type=Path,
        metavar="FILE",
        help="with --serve: take only models that are signed by the key in this file; without it all",
    )


async def _answer_queries(station: ServingStation, ready_fd: int | None) -> None:
    await station.serve(lambda address: announce_ready(ready_fd, address), stop_event())


def serve_model(options: argparse.Namespace, listen: str, access: Access) -> None:
    """Answer live queries until the process is stopped.

    Args:
        options: of the command line.
        listen: where.
        access: who may call.

    Raises:
        SplitwaveError: see `ServingStation.serve`; or an option is wrong.
    """
    for option, value in (("--config", options.config), ("--restore", options.restore)):
        if value:
            raise ConfigError(f"{option} is of a run: with --serve the settings and the weights are those of the model")
    ignore_warning_of_a_batch_system()
    station_id = uuid.uuid4().hex[:12]
    structlog.contextvars.bind_contextvars(station=station_id)
    add_python_path(options.python_path)
    station = ServingStation(
        options.serve,
        listen,
        station_id,
        query_timeout_s=_query_timeout(options.query_timeout),
        trusted=options.trust,
        python_path=options.python_path,
        deployed=options.deployed,
        max_streams=options.max_streams,
        access=access,
    )
    asyncio.run(_answer_queries(station, options.ready_fd))


def _query_timeout(text: str) -> float:
    seconds = parse_duration(text, "--query-timeout", above_zero=True)
    if math.isinf(seconds):
        raise ConfigError("--query-timeout inf: expected a finite number of seconds")
    return seconds
