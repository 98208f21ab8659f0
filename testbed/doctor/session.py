"""One examination from its options to its exit code; it works without the command line's own packages."""

import os
import sys
from pathlib import Path

from rich.console import Console

from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.doctor.diagnosis import examine
from splitwave.testbed.doctor.finding import Circumstances
from splitwave.testbed.doctor.report import as_json, print_report, verdict


def run_doctor(circumstances: Circumstances, *, json: bool) -> ExitCode:
    """Examine everything, and print the report as a table or as JSON."""
    if json:
        groups = list(examine(circumstances))
        print(as_json(groups))
    else:
        groups = list(print_report(examine(circumstances), Console(file=sys.stdout, markup=False, highlight=False)))
        print(f"\n{verdict(groups)}")
    return ExitCode.NOT_READY if any(group.failures for group in groups) else ExitCode.OK


def run_without_command_line(arguments: list[str]) -> ExitCode:
    """Examine everything with default options, for an installation whose command line cannot be imported."""
    data_dir = os.environ.get("SPLITWAVE_DATA_DIR")
    return run_doctor(Circumstances(Path(data_dir) if data_dir else None, Path("results")), json="--json" in arguments)
