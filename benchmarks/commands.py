"""`splitwave bench`: what things cost, each beside a floor measured in the same run."""

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

bench_app = typer.Typer(no_args_is_help=True, help="What things cost, each beside a floor measured in the same run.")

JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the result there.")]
Quick = Annotated[bool, typer.Option("--quick", help="A smoke test: nothing it prints is worth quoting.")]
Airtime = Annotated[bool, typer.Option("--airtime", help="Add the modelled airtime to the plot of the hops.")]
RequireValid = Annotated[
    bool, typer.Option("--require-valid", help="Exit with 9 if anything is INVALID, such as beside other programs.")
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
        from splitwave.benchmarks.session import exit_code_of, run_session  # noqa: PLC0415 — imports what other commands do not need

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
    "latency": "SingleStream and MultiStream, over a bare two-hop echo; where the time goes.",
    "throughput": "Offline, over the same network in one process; Server under Poisson arrivals.",
    "training": "A training step on the process engine, over one process.",
    "channel": "The channel emulator, over bare random numbers.",
    "scale": "CPU and wall time a link, from 1 link to 64; memory.",
    "wire": "Bytes on the uplink, over packed bits.",
    "startup": "Process start to first symbol, and what processes hold in memory.",
}
for _name, _summary in _BENCHMARKS.items():
    _command([_name], _summary)
_command(list(_BENCHMARKS), "All of them.")
