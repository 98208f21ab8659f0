"""One examination from its options to its exit code; it works without the command line's own packages."""

import os
import sys
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from rich.console import Console

from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.doctor.diagnosis import REINSTALL, Group, examine
from splitwave.testbed.doctor.finding import Circumstances, failed
from splitwave.testbed.doctor.report import as_json, print_report, verdict


def run_doctor(circumstances: Circumstances, *, json: bool, known: Iterable[Group] = ()) -> ExitCode:
    """Examine everything, and print the report, which begins with what is `known`, as a table or as JSON."""
    report: Iterable[Group] = chain(known, examine(circumstances))
    if json:
        groups = list(report)
        print(as_json(groups))
    else:
        groups = list(print_report(report, Console(file=sys.stdout, markup=False, highlight=False)))
        print(f"\n{verdict(groups)}")
    return ExitCode.NOT_READY if any(group.failures for group in groups) else ExitCode.OK


def run_without_command_line(arguments: list[str], error: str) -> ExitCode:
    """Examine everything with default options, for an installation whose command line ends with an error."""
    data_dir = os.environ.get("SPLITWAVE_DATA_DIR")
    circumstances = Circumstances(Path(data_dir) if data_dir else None, Path("results"))
    known = [Group("command line", (failed("import", error, REINSTALL),))]
    return run_doctor(circumstances, json="--json" in arguments, known=known)
