"""The command of a live device: `splitwave device run`, and `python -m splitwave.device --model DIR --source …`.

It needs neither typer nor torch. `add_options` and `main` are its two halves.
"""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import get_args

from splitwave.common.durations import parse_duration
from splitwave.common.errors import ConfigError, DataError, RunFailedError, UnreachableError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.limits import MAX_LINKS
from splitwave.common.runtime.logs import LogFormat, configure_logging
from splitwave.common.runtime.number_options import whole_number
from splitwave.common.runtime.process import run_tool, service_parser
from splitwave.common.runtime.standard_streams import make_streams_lenient
from splitwave.common.runtime.stop_signals import stopping_from_a_thread
from splitwave.common.runtime.tls_options import add_tls_option
from splitwave.device.application.device_options import DeviceOptions
from splitwave.device.application.local_socket.server import AppServer
from splitwave.device.application.local_socket.socket_file import parse_mode
from splitwave.device.application.opening import EncoderKind, LinkOptions
from splitwave.device.application.run_source import RunCounts, StopRequest, run_source
from splitwave.device.application.sinks import choice as sinks
from splitwave.device.application.sinks.web_address import shown
from splitwave.device.application.sources import choice as sources
from splitwave.device.application.sources.paced import limited, paced, stamped
from splitwave.device.application.submitter import Submitter
from splitwave.device.application.waiting_samples import Buffer

_HIGHEST_STREAM = (1 << 32) - 1


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    _add_link_options(parser)
    _add_source_options(parser)
    _add_name_options(parser)
    parser.add_argument(
        "--serve-app",
        metavar="unix:PATH",
        help="serve programs of this machine on a Unix socket (docs/how-to/own-samples.md)",
    )
    parser.add_argument(
        "--serve-app-mode", type=parse_mode, default="600", metavar="MODE", help="permissions of the socket, in octal"
    )


def _add_link_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--connect", required=True, metavar="HOST:PORT", help="a channel emulator or base station")
    parser.add_argument(
        "--model",
        type=Path,
        metavar="DIR",
        help="the device's part of an exported model, or with --link that folder itself; without, the base station's",
    )
    parser.add_argument(
        "--link", type=whole_number(0, MAX_LINKS - 1), metavar="N", help="the link to ask for; without, the model's"
    )
    parser.add_argument("--encoder", choices=get_args(EncoderKind), default="auto", help="what computes the network")
    parser.add_argument("--trust", type=Path, metavar="FILE", help="take only models signed by the key in this file")
    parser.add_argument(
        "--connect-timeout",
        default="60",
        metavar="S",
        help="keep trying for S seconds, at the start and when the stream is lost; inf for no limit",
    )
    add_tls_option(parser)
    parser.add_argument("--log-format", choices=get_args(LogFormat), default="console")


def _add_source_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", metavar="SOURCE", help=f"the samples: {sources.FORMS}")
    parser.add_argument("--out", default="-", metavar="SINK", help=f"the answers, in JSON: {sinks.FORMS}")
    parser.add_argument(
        "--buffer",
        choices=get_args(Buffer),
        default="block",
        help="samples that come faster than they are answered: read the source more slowly, or keep the newest, or the "
        "newest of --most-waiting",
    )
    parser.add_argument("--most-waiting", type=whole_number(1, 1 << 20), default=64, metavar="N")
    parser.add_argument("--rate", type=float, metavar="HZ", help="read at most HZ samples a second")
    parser.add_argument("--count", type=whole_number(1, 1 << 62), metavar="N", help="end after N samples")
    parser.add_argument("--resize", action="store_true", help="resize image files of another size")
    parser.add_argument(
        "--python-path", type=Path, metavar="DIR", help="the folder of the module of --source python:module:function"
    )
    parser.add_argument("--class-names", metavar="A,B,…", help="the name of each class, for the answers")


def _add_name_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stream", type=whole_number(0, _HIGHEST_STREAM), default=0, metavar="N", help="of queries without one"
    )
    parser.add_argument(
        "--capture-period",
        type=float,
        metavar="MS",
        help="name queries by the time at which their samples were read, in periods of MS milliseconds (the clocks of "
        "the devices must agree to less than half of it); without, they are counted",
    )


def run_command(arguments: Sequence[str]) -> int:
    """Parse a command line, which may begin with the word `run`, and run the command; returns its exit code."""
    make_streams_lenient()
    parser = service_parser("device run", "A device that submits samples of its own, and hands out the answers.")
    add_options(parser)
    return main(parser.parse_args(arguments[1:] if arguments[:1] == ["run"] else arguments))


def main(options: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    configure_logging(options.log_format, "device")  # to standard error: standard output has the answers
    try:
        for number in (signal.SIGINT, signal.SIGTERM):  # until the link is open
            signal.signal(number, _interrupt)
        return run_tool(lambda: _run(options))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def _run(options: argparse.Namespace) -> None:
    if options.source is None and options.serve_app is None:
        raise ConfigError("give --source, --serve-app or both: nothing submits samples without")
    if options.rate is not None and not 0 < options.rate < float("inf"):
        raise ConfigError(f"--rate {options.rate}: expected samples a second, more than 0")
    names = tuple(options.class_names.split(",")) if options.class_names else ()
    submitter = DeviceOptions(_link_options(options), options.stream, options.capture_period, names).open()
    with ExitStack() as stack:
        stack.callback(submitter.close)
        stop = StopRequest()
        stack.enter_context(stopping_from_a_thread(stop.make))
        server = None
        if options.serve_app is not None:
            server = stack.enter_context(AppServer(submitter, options.serve_app, options.serve_app_mode, stop.make))
        if options.source is not None:
            _check(_run_source(options, submitter, stop), options.out)
        else:
            stop.event.wait()
        if server is not None:
            server.check_link()


def _link_options(options: argparse.Namespace) -> LinkOptions:
    return LinkOptions(
        connect=options.connect,
        model=options.model,
        link=options.link,
        tls_dir=options.tls_dir,
        connect_timeout_s=parse_duration(options.connect_timeout, "--connect-timeout"),
        encoder=options.encoder,
        trusted=options.trust,
        torch_threads=1,  # for one sample at a time, more only get into each other's way
    )


def _run_source(options: argparse.Namespace, submitter: Submitter, stop: StopRequest) -> RunCounts:
    chosen = sources.SourceOptions(options.source, options.resize, options.python_path)
    samples = sources.open_source(chosen, submitter.link.input_shape, _report)
    sink = sinks.open_sink(options.out, _report)
    counts = run_source(
        submitter,
        _arranged(samples, options, stop),
        sink,
        buffer=options.buffer,
        most_waiting=options.most_waiting,
        stop=stop,
        report=_report,
    )
    _report(str(counts))
    return counts


def _arranged(samples: Iterator[object], options: argparse.Namespace, stop: StopRequest) -> Iterator[object]:
    found = limited(samples, options.count)
    if options.rate is not None:
        found = paced(found, options.rate, stop.event)
    return found if options.capture_period is None else stamped(found)


def _check(counts: RunCounts, out: str) -> None:
    if counts.given_up:
        raise UnreachableError(f"queries under way at the stop, without an answer in time: {counts.given_up}")
    if counts.undelivered:
        raise RunFailedError(f"--out {shown(out)}: answers that were not delivered: {counts.undelivered}")
    if counts.refused:
        raise DataError(f"samples that were refused: {counts.refused}")


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
