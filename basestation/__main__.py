"""`splitwave basestation`: trains and evaluates one run with the devices that connect, then ends or serves on."""

import argparse
import asyncio
import sys
import uuid
from pathlib import Path

import structlog

from splitwave.basestation.run.agenda import Report
from splitwave.basestation.run.policy import Policy
from splitwave.basestation.run.run_context import Labels
from splitwave.basestation.service.base_station import BaseStation, open_labels
from splitwave.common.config.data_facts import with_data_facts
from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.durations import parse_duration
from splitwave.common.files.folders import make_output_folder
from splitwave.common.files.whole_file import write_json
from splitwave.common.named_object import add_python_path
from splitwave.common.records.results import RunResult
from splitwave.common.records.summary import summarize
from splitwave.common.records.trivial_answers import remarks_on
from splitwave.common.runtime.address import parse_listen_address
from splitwave.common.runtime.process import (
    add_data_option,
    add_process_options,
    add_python_option,
    add_state_option,
    announce_ready,
    check_data_dir,
    parse_service_options,
    run_service,
    service_parser,
    state_dir,
    stop_signal,
)

log = structlog.get_logger()


def _arguments() -> argparse.Namespace:
    parser = service_parser("basestation", __doc__)
    parser.add_argument("--listen", default="127.0.0.1:50051", metavar="HOST:PORT", help="for channel and devices")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the run's settings; without one the demo's")
    add_state_option(parser)
    parser.add_argument("--restore", action="store_true", help="evaluate the checkpoint in --state, do not train")
    parser.add_argument(
        "--rejoin",
        default="60",
        metavar="S",
        help="when a link is lost in a run, start over from the last checkpoint (its beginning, or its trained "
        "weights) as soon as all links are back, within S seconds; 0 fails the run at once, inf waits without a limit",
    )
    parser.add_argument(
        "--late-after", default="5", metavar="S", help="report a link that owes something for S seconds; inf for never"
    )
    parser.add_argument(
        "--serve-every",
        metavar="S",
        help="after the result answer queries again each S seconds, until stopped; inf waits for the workloads of "
        "Control.Measure; without this option the run ends there",
    )
    parser.add_argument(
        "--summaries", type=Path, metavar="DIR", help="write the run's summary there as RUN.json; made if missing"
    )
    add_data_option(parser)
    add_python_option(parser, "import what the settings name as module:object from this folder, too")
    add_process_options(parser)
    return parse_service_options(parser)


async def _serve(basestation: BaseStation, ready_fd: int | None) -> None:
    await basestation.serve(lambda address: announce_ready(ready_fd, address), stop_signal())


def _policy(options: argparse.Namespace) -> Policy:
    every = options.serve_every
    return Policy(
        rejoin_s=parse_duration(options.rejoin, "--rejoin"),
        late_after_s=parse_duration(options.late_after, "--late-after", above_zero=True),
        serve_every_s=None if every is None else parse_duration(every, "--serve-every", above_zero=True),
    )


def _reporter(config: RunConfig, labels: Labels, run_id: str, summaries: Path | None) -> Report:
    if summaries is not None:
        make_output_folder(summaries, "--summaries")

    chance = config.task.chance_level(lambda: labels.train, labels.test)

    def report(result: RunResult) -> None:
        if summaries is not None:
            path = summaries / f"{run_id}.json"
            try:
                write_json(path, summarize(config, None, result, remarks_on(config.task, result.error, chance)))
            except OSError as error:  # the log has the result, and watchers get it
                log.error("summary not written", path=str(path), reason=str(error))

    return report


def main() -> int:
    """Parse the command line and serve one run."""
    options = _arguments()

    def serve() -> None:
        listen = parse_listen_address(options.listen, "--listen")
        check_data_dir(options.data)
        add_python_path(options.python_path)
        config = with_data_facts(load_config(options.config, warn=log.warning), options.data)
        run_id = uuid.uuid4().hex[:12]
        structlog.contextvars.bind_contextvars(run=run_id)
        policy = _policy(options)
        labels = open_labels(config, options.data)
        report = _reporter(config, labels, run_id, options.summaries)
        basestation = BaseStation(
            config, labels, listen, state_dir(options), options.restore, run_id, policy=policy, report=report
        )
        asyncio.run(_serve(basestation, options.ready_fd))

    return run_service("basestation", options, serve)


if __name__ == "__main__":
    sys.exit(main())
