"""`splitwave bench`: measures costs, each compared with a minimal counterpart measured in the same run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from splitwave.benchmarks.scope import FULL, OWN_MODEL, QUICK, ModelSource
from splitwave.common.errors import CheckpointError, ConfigError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.files.folders import make_output_folder
from splitwave.common.records.model_folder import MODEL_FILE
from splitwave.common.runtime.process import check_data_dir
from splitwave.testbed.commands.options import RESULTS, DataDir, Results
from splitwave.testbed.results.checkpoint_folder import find_checkpoint
from splitwave.testbed.terminal.reporting import reports_errors

bench_app = typer.Typer(
    no_args_is_help=True, help="Measure costs, each compared with a minimal counterpart measured in the same run."
)

JsonFile = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the result to this file.")]
Quick = Annotated[bool, typer.Option("--quick", help="Run a smoke test whose numbers are not meaningful.")]
Airtime = Annotated[bool, typer.Option("--airtime", help="Add the modelled airtime to the plot of the hops.")]
RequireValid = Annotated[
    bool,
    typer.Option("--require-valid", help="Exit with code 9 if a result is INVALID, for example on a busy machine."),
]

_SUMMARIES = {
    "latency": "SingleStream and MultiStream latency relative to a two-hop echo, divided into hops.",
    "throughput": "Offline throughput relative to one process, and Server throughput with Poisson arrivals.",
    "training": "Time of a training step on the process engine relative to one process.",
    "channel": "Rate of the channel emulator relative to pure random-number generation.",
    "models": "Rate of each channel model relative to that of AWGN.",
    "scale": "CPU time, wall time and memory per link, from 1 to 64 links.",
    "wire": "Bytes on the uplink relative to the packed bits.",
    "startup": "Time from process start to first symbol, and memory of the processes.",
    "timing": "Latency with the airtime emulated, beside the same without.",
    "peers": "Training steps and single samples relative to programs for the same job, written by hand.",
}
_OF_ALL = [name for name in _SUMMARIES if name != "peers"]

Further = Annotated[
    list[str] | None,
    typer.Argument(metavar="[BENCHMARK]…", help="Further benchmarks of the same run.", show_default=False),
]

Baseline = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The result.json of an earlier run to compare with; by default the published one, in a checkout.",
        show_default=False,
    ),
]


def _measure(
    names: Sequence[str],
    json_file: Path | None,
    data_dir: Path | None,
    results: Path,
    *,
    quick: bool,
    require_valid: bool,
    airtime: bool = False,
    model: ModelSource = OWN_MODEL,
    baseline: Path | None = None,
) -> None:
    from splitwave.benchmarks.session import exit_code_of, run_session  # noqa: PLC0415 — slow imports

    check_data_dir(data_dir)
    if json_file is not None:
        make_output_folder(json_file.parent, "--json")
    scope = QUICK if quick else FULL
    reports = run_session(names, scope, json_file, airtime, data_dir, results, model=model, baseline=baseline)
    code = exit_code_of(reports, require_valid=require_valid)
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def _check_names(chosen: Sequence[str]) -> None:
    for name in chosen:
        if name not in _SUMMARIES:
            raise ConfigError(f"{name}: expected {', '.join(_SUMMARIES)}")
        if chosen.count(name) > 1:
            raise ConfigError(f"{name}: named twice, or part of all")


def _command(names: Sequence[str], summary: str) -> None:
    def command(
        further: Further = None,
        json_file: JsonFile = None,
        *,
        quick: Quick = False,
        airtime: Airtime = False,
        require_valid: RequireValid = False,
        baseline: Baseline = None,
        data_dir: DataDir = None,
        results: Results = RESULTS,
    ) -> Path:
        chosen = [*names, *(further or ())]
        _check_names(chosen)
        _measure(
            chosen,
            json_file,
            data_dir,
            results,
            quick=quick,
            require_valid=require_valid,
            airtime=airtime,
            baseline=baseline,
        )
        return results / "bench"

    name = names[0] if len(names) == 1 else "all"
    bench_app.command(name, help=summary)(reports_errors(command))


for _name in _OF_ALL:
    _command([_name], _SUMMARIES[_name])


@bench_app.command("live")
@reports_errors
def _live(
    json_file: JsonFile = None,
    *,
    run: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="A results folder, whose run is exported and served.", show_default=False),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(metavar="MODELDIR", help="A model folder that `splitwave export` wrote.", show_default=False),
    ] = None,
    quick: Quick = False,
    require_valid: RequireValid = False,
    baseline: Baseline = None,
    data_dir: DataDir = None,
    results: Results = RESULTS,
) -> Path:
    """Latency of live queries, with torch on the device and without it.

    Application to application, through the device's Unix socket and in Python, hop by hop beside the latency of serving
    passes. Needs splitwave[export]; without --run or --model it trains a model itself.
    """
    source = _model_source(run, model)
    _measure(
        ["live"],
        json_file,
        data_dir,
        results,
        quick=quick,
        require_valid=require_valid,
        model=source,
        baseline=baseline,
    )
    return results / "bench"


def _model_source(run: Path | None, model: Path | None) -> ModelSource:
    if run is not None and model is not None:
        raise ConfigError(f"--run {run} and --model {model}: give one of them")
    if model is not None and not (model / MODEL_FILE).is_file():
        raise CheckpointError(f"--model {model}: it has no {MODEL_FILE}: name a folder that `splitwave export` wrote")
    return ModelSource(None if run is None else find_checkpoint(run, "--run"), model)


_command(["peers"], _SUMMARIES["peers"])
_command(_OF_ALL, "Run all benchmarks except live and peers.")
