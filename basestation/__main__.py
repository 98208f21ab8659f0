"""`splitwave basestation`: trains and evaluates one run with the devices that connect, then ends or serves on.

With --serve it answers the queries of live devices instead, with a model that was exported.
"""

import argparse
import asyncio
import signal
import sys
import uuid
from pathlib import Path

import structlog

from splitwave.basestation.run.agenda import Report
from splitwave.basestation.run.answer_log import AnswerLog
from splitwave.basestation.run.earlier_training import Resume
from splitwave.basestation.run.policy import Policy
from splitwave.basestation.run.run_context import Labels
from splitwave.basestation.service.base_station import Access, BaseStation, open_labels
from splitwave.basestation.service.serving_options import add_serving_options, serve_model
from splitwave.common.config.data_facts import with_data_facts
from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.durations import parse_duration
from splitwave.common.errors import ConfigError
from splitwave.common.files.folders import make_output_folder
from splitwave.common.files.whole_file import write_json
from splitwave.common.named_object import add_python_path
from splitwave.common.records.results import RunResult
from splitwave.common.records.summary import summarize
from splitwave.common.records.trivial_answers import remarks_on
from splitwave.common.runtime.address import parse_listen_address
from splitwave.common.runtime.number_options import whole_number
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
)
from splitwave.common.runtime.stop_signals import event_of, stop_event
from splitwave.common.runtime.stream_limit import add_streams_option
from splitwave.common.runtime.tls_options import add_server_options, add_testbed_option, listening_tls_of, named_testbed

log = structlog.get_logger()

MOST_STEPS = 10**9


def _arguments() -> argparse.Namespace:
    parser = service_parser("basestation", __doc__)
    parser.add_argument("--listen", default="127.0.0.1:50051", metavar="HOST:PORT", help="for channel and devices")
    parser.add_argument("--config", type=Path, metavar="FILE", help="the run's settings; without one the demo's")
    add_serving_options(parser)
    add_state_option(parser)
    _add_checkpoint_options(parser)
    _add_patience_options(parser)
    add_streams_option(parser)
    add_server_options(parser)
    add_testbed_option(parser)
    add_data_option(parser)
    add_python_option(parser, "import what the settings name as module:object from this folder, too")
    add_process_options(parser)
    return parse_service_options(parser)


def _add_checkpoint_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--restore", action="store_true", help="evaluate the checkpoint in --state, do not train")
    parser.add_argument(
        "--resume",
        nargs="?",
        const=Resume.ALWAYS.value,
        default=Resume.NEVER.value,
        choices=[each.value for each in Resume],
        help="go on with the training in --state: from the last checkpoint of --checkpoint-every, or with the "
        "evaluation if it is complete; begin if nothing of it is there. One of other settings or data is refused "
        "(always, the default of --resume alone), or given up (if-same)",
    )
    parser.add_argument(
        "--checkpoint-every",
        type=whole_number(0, MOST_STEPS),
        default=0,
        metavar="N",
        help="keep a checkpoint that training can go on from after each N steps; 0 for none",
    )
    parser.add_argument(
        "--keep-checkpoints",
        type=whole_number(1, MOST_STEPS),
        default=2,
        metavar="N",
        help="how many of these checkpoints stay on the disk",
    )


def _add_patience_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rejoin",
        default="60",
        metavar="S",
        help="when a link is lost in a run, start over from the last checkpoint (its beginning, one of "
        "--checkpoint-every, or its trained weights) as "
        "soon as all links are back, within S seconds; 0 fails the run at once, inf waits without a limit",
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
    parser.add_argument(
        "--answers", type=Path, metavar="FILE", help="write the answers of serving passes there, one line of JSON each"
    )
    parser.add_argument(
        "--await-watcher",
        default="0",
        metavar="S",
        help="at the end of the run stay for at most S seconds, until a watcher has the result",
    )
    parser.add_argument(
        "--give-up-after",
        default="1800",
        metavar="S",
        help="end the stream of a link that owes something for S seconds, as if its connection were lost; inf: never",
    )


async def _serve(basestation: BaseStation, ready_fd: int | None) -> None:
    keep_and_stop = event_of(signal.SIGUSR1)
    await basestation.serve(lambda address: announce_ready(ready_fd, address), stop_event(), keep_and_stop)


def _policy(options: argparse.Namespace) -> Policy:
    every = options.serve_every
    return Policy(
        rejoin_s=parse_duration(options.rejoin, "--rejoin"),
        late_after_s=parse_duration(options.late_after, "--late-after", above_zero=True),
        give_up_s=parse_duration(options.give_up_after, "--give-up-after", above_zero=True),
        serve_every_s=None if every is None else parse_duration(every, "--serve-every", above_zero=True),
        checkpoint_every=options.checkpoint_every,
        keep_checkpoints=options.keep_checkpoints,
        await_watcher_s=parse_duration(options.await_watcher, "--await-watcher"),
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
    """Parse the command line, and serve one run, or live queries."""
    options = _arguments()

    def serve() -> None:
        listen = parse_listen_address(options.listen, "--listen")
        access = Access(listening_tls_of(options, listen), options.reflection, named_testbed(options))
        if options.serve is not None:
            serve_model(options, listen, access)
            return
        check_data_dir(options.data)
        add_python_path(options.python_path)
        config = with_data_facts(load_config(options.config, warn=log.warning), options.data)
        run_id = uuid.uuid4().hex[:12]
        structlog.contextvars.bind_contextvars(run=run_id)
        policy = _policy(options)
        labels = open_labels(config, options.data)
        report = _reporter(config, labels, run_id, options.summaries)
        resume = Resume(options.resume)
        if resume is Resume.ALWAYS and options.restore:
            raise ConfigError("--resume goes on with a training, --restore does not train: give one of them")
        basestation = BaseStation(
            config,
            labels,
            listen,
            state_dir(options),
            options.restore,
            run_id,
            policy=policy,
            report=report,
            observers=() if options.answers is None else (AnswerLog(options.answers),),
            resume=resume,
            max_streams=options.max_streams,
            access=access,
        )
        asyncio.run(_serve(basestation, options.ready_fd))

    return run_service("basestation", options, serve)


if __name__ == "__main__":
    sys.exit(main())
