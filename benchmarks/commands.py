"""`splitwave bench`: measures costs, each compared with a minimal baseline measured in the same run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from splitwave.benchmarks.scope import FULL, QUICK
from splitwave.common.exit_codes import ExitCode
from splitwave.common.files.folders import make_output_folder
from splitwave.common.runtime.process import check_data_dir
from splitwave.testbed.commands.options import RESULTS, DataDir, Results
from splitwave.testbed.terminal.reporting import reports_errors

bench_app = typer.Typer(
    no_args_is_help=True, help="Measure costs, each compared with a minimal baseline measured in the same run."
)

JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the result to this file.")]
Quick = Annotated[bool, typer.Option("--quick", help="Run a smoke test whose numbers are not meaningful.")]
Airtime = Annotated[bool, typer.Option("--airtime", help="Add the modelled airtime to the plot of the hops.")]
RequireValid = Annotated[
    bool,
    typer.Option("--require-valid", help="Exit with code 9 if a result is INVALID, for example on a busy machine."),
]


def _command(names: Sequence[str], summary: str) -> None:
    def command(
        json_file: JsonFile = None,
        *,
        quick: Quick = False,
        airtime: Airtime = False,
        require_valid: RequireValid = False,
        data_dir: DataDir = None,
        results: Results = RESULTS,
    ) -> Path:
        from splitwave.benchmarks.session import exit_code_of, run_session  # noqa: PLC0415 — slow imports

        check_data_dir(data_dir)
        if json_file is not None:
            make_output_folder(json_file.parent, "--json")
        reports = run_session(names, QUICK if quick else FULL, json_file, airtime, data_dir, results)
        code = exit_code_of(reports, require_valid=require_valid)
        if code is not ExitCode.OK:
            raise typer.Exit(code)
        return results / "bench"

    name = names[0] if len(names) == 1 else "all"
    bench_app.command(name, help=summary)(reports_errors(command))


_BENCHMARKS = {
    "latency": "SingleStream and MultiStream latency relative to a two-hop echo, divided into hops.",
    "throughput": "Offline throughput relative to one process, and Server throughput with Poisson arrivals.",
    "training": "Time of a training step on the process engine relative to one process.",
    "channel": "Rate of the channel emulator relative to pure random-number generation.",
    "scale": "CPU time, wall time and memory per link, from 1 to 64 links.",
    "wire": "Bytes on the uplink relative to the packed bits.",
    "startup": "Time from process start to first symbol, and memory of the processes.",
}
for _name, _summary in _BENCHMARKS.items():
    _command([_name], _summary)
_command(list(_BENCHMARKS), "Run all benchmarks.")
