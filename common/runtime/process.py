"""The common part of all service processes: options, logs, signals, readiness and exit codes."""

import argparse
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from splitwave.common.errors import DataError, SplitwaveError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.files.full_disk import is_disk_full
from splitwave.common.files.user_folders import state_folder
from splitwave.common.runtime.logger import get_logger
from splitwave.common.runtime.logs import configure_logging
from splitwave.common.runtime.number_options import open_descriptor
from splitwave.common.runtime.standard_streams import check_output, make_streams_lenient
from splitwave.common.runtime.urgency import be_urgent

log = get_logger()


class _HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the default of an option, unless it is None: then the help text describes the case without the option."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None else super()._get_help_string(action)


def service_parser(role: str, description: str | None) -> argparse.ArgumentParser:
    """Return a parser for the command line of a service, without options."""
    return argparse.ArgumentParser(prog=f"splitwave {role}", description=description, formatter_class=_HelpFormatter)


def parse_service_options(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse the command line of a service; its help and its refusals are printed to lenient streams."""
    make_streams_lenient()
    return parser.parse_args()


def add_process_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every service: the format of its logs, and how a supervisor watches it."""
    parser.add_argument("--log-format", choices=("console", "json"), default="console")
    parser.add_argument(
        "--ready-fd",
        type=open_descriptor,
        metavar="FD",
        help="write the bound HOST:PORT to this descriptor once serving",
    )
    parser.add_argument(
        "--lifeline",
        action="store_true",
        help="end when standard input is closed, so that no service outlives its supervisor",
    )


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """Add `--data`, the folder with the data sets; its default is SPLITWAVE_DATA_DIR."""
    default = os.environ.get("SPLITWAVE_DATA_DIR")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(default) if default else None,
        metavar="DIR",
        help="folder with the data sets (default: $SPLITWAVE_DATA_DIR, else each data set's own source)",
    )


def add_python_option(parser: argparse.ArgumentParser, meaning: str) -> None:
    """Add `--python-path`, the folder of the modules that `module:object` in the settings names."""
    parser.add_argument("--python-path", type=Path, metavar="DIR", help=meaning)


def add_consent_option(parser: argparse.ArgumentParser) -> None:
    """Add `--python-path` to a party that learns such names from its base station."""
    add_python_option(
        parser,
        "run what the base station's settings name as module:object, and import it from this folder, too; "
        "without this option no such code runs here",
    )


def add_state_option(parser: argparse.ArgumentParser, content: str = "the checkpoint") -> None:
    """Add `--state`, the folder of what a party keeps; `state_dir` gives its value."""
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help=f"for {content}; where $XDG_STATE_HOME is set, splitwave in that folder "
        "(default: ~/.local/state/splitwave)",
    )


def state_dir(options: argparse.Namespace) -> Path:
    """Return the folder that `--state` names, or the default.

    Raises:
        ConfigError: there is no default, because this user has no home folder.
    """
    named: Path | None = options.state
    return state_folder("name one with --state DIR") if named is None else named


def check_data_dir(data: Path | None) -> None:
    """Check that a data folder exists.

    Raises:
        DataError: it does not.
    """
    if data is not None and not data.is_dir():
        source = "from --data, --data-dir or SPLITWAVE_DATA_DIR"
        raise DataError(f"data directory {data} is not a directory that exists ({source})")


def run_tool(main: Callable[[], None]) -> int:
    """Run a tool's `main`; an error that a user can correct becomes one line and an exit code."""
    make_streams_lenient()
    try:
        main()
        check_output()
    except SplitwaveError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:  # as in `run_service`
        print(f"error: {error}", file=sys.stderr)
        return ExitCode.DISK_FULL if is_disk_full(error) else ExitCode.FAILURE
    return ExitCode.OK


def run_service(role: str, options: argparse.Namespace, main: Callable[[], None]) -> int:
    """Run a service's `main`; an error becomes one entry of the log and an exit code."""
    make_streams_lenient()
    configure_logging(options.log_format, role)
    be_urgent()
    if options.lifeline:
        _hold_lifeline()
    try:
        main()
    except KeyboardInterrupt:  # before the service handles signals itself
        log.warning("interrupted", exit_code=ExitCode.INTERRUPTED.name)
        return ExitCode.INTERRUPTED
    except SplitwaveError as error:
        log.error(str(error), exit_code=error.exit_code.name)
        return error.exit_code
    except OSError as error:  # a full disk, a forbidden folder
        code = ExitCode.DISK_FULL if is_disk_full(error) else ExitCode.FAILURE
        log.error(str(error), exit_code=code.name)
        return code
    except Exception:
        log.exception("unexpected error", exit_code=ExitCode.FAILURE.name)
        return ExitCode.FAILURE
    return ExitCode.OK


def settle() -> None:
    """Exempt all objects that exist now from garbage collection.

    Torch alone creates half a million objects, and every full collection takes tens of milliseconds to visit them.
    """
    gc.collect()
    gc.freeze()


def announce_ready(ready_fd: int | None, address: str) -> None:
    """Report the address of this process to its log and, if there is one, to its supervisor."""
    settle()
    log.info("serving", address=address)
    if ready_fd is not None:
        with os.fdopen(ready_fd, "w", encoding="utf-8") as pipe:
            pipe.write(f"{address}\n")


def _hold_lifeline() -> None:
    def wait_for_end() -> None:
        # Not through sys.stdin: a thread blocked in its buffer aborts the interpreter's shutdown.
        while os.read(sys.stdin.fileno(), 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_end, name="lifeline", daemon=True).start()
