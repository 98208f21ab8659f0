"""One call of `splitwave bench`: runs benchmarks, prints their readings, and writes a results folder."""

import json
import os
import shutil
import time
import traceback
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import typer

from splitwave.benchmarks.comparison.baseline import compare_with
from splitwave.benchmarks.machine.machine_share import cores_of_others, machine_times
from splitwave.benchmarks.readings.report import Json, Report, Samples, Validity
from splitwave.benchmarks.readings.targets import target_of
from splitwave.benchmarks.scope import OWN_MODEL, Bench, ModelSource, Scope
from splitwave.benchmarks.suites.channel_models import models
from splitwave.benchmarks.suites.channel_rate import channel
from splitwave.benchmarks.suites.latency import latency
from splitwave.benchmarks.suites.live import live
from splitwave.benchmarks.suites.peers import peers
from splitwave.benchmarks.suites.scale import scale
from splitwave.benchmarks.suites.start_and_memory import startup
from splitwave.benchmarks.suites.throughput import throughput
from splitwave.benchmarks.suites.timing import timing
from splitwave.benchmarks.suites.training import training
from splitwave.benchmarks.suites.wire_cost import wire
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import SplitwaveError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.files.full_disk import naming_full_disk
from splitwave.testbed.execution import existing_data_dir
from splitwave.testbed.interruption import run_interruptibly
from splitwave.testbed.results.provenance import describe_environment
from splitwave.testbed.results.results_folder import ResultsFolder
from splitwave.testbed.terminal.reporting import print_figures

Benchmark = Callable[[Bench], Coroutine[object, object, Report]]

BENCHMARKS: Mapping[str, Benchmark] = {
    "latency": latency,
    "throughput": throughput,
    "training": training,
    "channel": channel,
    "models": models,
    "scale": scale,
    "wire": wire,
    "startup": startup,
    "live": live,
    "timing": timing,
    "peers": peers,
}


def run_session(  # noqa: PLR0917 — each is an option of the command line
    names: Sequence[str],
    scope: Scope,
    json_file: Path | None,
    airtime: bool,
    data_dir: Path | None,
    results: Path,
    *,
    model: ModelSource = OWN_MODEL,
    baseline: Path | None = None,
) -> list[Report]:
    """Run benchmarks by name, print their reports and a comparison with a baseline, and write a results folder.

    Args:
        names: the benchmarks to run, in this order.
        scope: how much each benchmark measures.
        json_file: a file to write the result to in addition to the results folder, or None.
        airtime: add the modelled airtime to the plot of the hops.
        data_dir: folder with the data sets, or None.
        results: folder that holds all results.
        model: the model that `live` serves.
        baseline: the `result.json` to compare with, or None for the published one.

    Returns:
        One report per name.
    """
    data_dir = existing_data_dir(data_dir)
    load_average = os.getloadavg()  # read before the benchmarks themselves load the machine
    reports: list[Report] = []
    with ResultsFolder(results, "bench", RunConfig(), data_dir) as folder, naming_full_disk(results):
        folder.add_if_unfinished(lambda: {"missing": list(names[len(reports) :])})
        bench = Bench(scope, folder.logs, folder.figures, data_dir, airtime, model)
        try:
            for name in names:
                typer.echo(f"{name} …")
                reports.append(_run_benchmark(name, bench))
                print_report(reports[-1])
        finally:  # also if the session is interrupted; the folder is then marked as unfinished
            if reports:
                content = result_json(reports, scope, data_dir, load_average)
                comparison = compare_with(baseline, content)
                content = {**content, "comparison": comparison.to_json()}
                folder.write_json("result.json", content)
                write_samples(folder.path / "samples.npz", _samples_of(reports))
            _drop_checkpoints(folder.logs)
    typer.echo(f"{target_table(reports)}\n{comparison}")
    typer.echo(f"results  {folder.path}")
    print_figures(folder.figures, len("results"))
    if json_file is not None:
        json_file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return reports


def exit_code_of(reports: Sequence[Report], *, require_valid: bool) -> ExitCode:
    """Return the exit code of a session: OK if everything was measured, even with missed targets.

    Args:
        reports: the reports of the benchmarks.
        require_valid: whether INVALID numbers, as measured on a busy machine, are an error.
    """
    failed = next((report.exit_code for report in reports if report.exit_code is not ExitCode.OK), ExitCode.OK)
    if failed is ExitCode.OK and require_valid and _invalid(reports):
        return ExitCode.INVALID
    return failed


def _invalid(reports: Sequence[Report]) -> list[str]:
    return [report.benchmark for report in reports if report.validity is Validity.INVALID]


def result_json(
    reports: Sequence[Report], scope: Scope, data_dir: Path | None, load_average: tuple[float, float, float]
) -> Json:
    """Return the reports as JSON, with the machine, its load average before the run, the scope and the commit."""
    return {
        "environment": {
            **describe_environment(RunConfig(), data_dir),
            "cores": sorted(os.sched_getaffinity(0)),
            "load_average": list(load_average),
        },
        "scope": {**asdict(scope), "epochs": {str(batch): epochs for batch, epochs in scope.epochs.items()}},
        "validity": Validity.INVALID if _invalid(reports) else Validity.VALID,
        "benchmarks": [report.to_json() for report in reports],
    }


def write_samples(path: Path, samples: Mapping[str, Samples]) -> None:
    """Write raw samples as `.npz`, one array per name."""
    np.savez_compressed(path, **samples)  # type: ignore[arg-type] # its option allow_pickle is newer than NumPy 2.0


def target_table(reports: Sequence[Report]) -> str:
    """Format one line for each reading with a target: name, value, range, target, verdict."""
    lines = [f"{'target of':<46}{'value':>10}  {'range':<22}{'target':>9}  verdict"]
    for reading in (reading for report in reports for reading in report.readings):
        if target := target_of(reading.name):
            spread = f"{min(reading.repetitions):.4g} … {max(reading.repetitions):.4g}"
            lines.append(f"{reading.name:<46}{reading.value:>10.4g}  {spread:<22}{target!s:>9}  {reading.verdict}")
    invalid = _invalid(reports)
    return "\n".join([*lines, *([f"INVALID: {', '.join(invalid)}"] if invalid else [])])


def print_report(report: Report) -> None:
    """Print one line per reading (median, range, target, verdict), then the tables and the reasons for INVALID."""
    for reading in report.readings:
        target = target_of(reading.name)
        low, high = min(reading.repetitions), max(reading.repetitions)
        spread = f"{low:.4g} … {high:.4g}" if len(reading.repetitions) > 1 else ""
        verdict = f"{target!s:>9}  {reading.verdict}" if target else ""
        typer.echo(f"  {reading.name:<46}{reading.value:>10.4g} {reading.unit:<15}{spread:<22}{verdict}".rstrip())
    for table in report.tables:
        typer.echo(f"\n{table}\n")
    typer.echo(f"  other programs kept {report.cores_of_others:.2f} of {os.cpu_count()} processors busy meanwhile")
    typer.echo(f"  {report.benchmark}: {report.validity}" + "".join(f"\n    {each}" for each in report.reasons))


def _run_benchmark(name: str, bench: Bench) -> Report:
    """Run a benchmark and return its report; if it fails, the report contains the error and the readings so far."""
    before, started = machine_times(), time.monotonic()
    try:
        report = run_interruptibly(BENCHMARKS[name](bench))
    except Exception as error:  # an error must not lose the readings of the other benchmarks
        report = bench.begun.get(name) or bench.begin(name, {})
        report.record_failure(error)
        if not isinstance(error, SplitwaveError):
            traceback.print_exc()
    report.cores_of_others = cores_of_others(before, machine_times(), time.monotonic() - started)
    return report


def _samples_of(reports: Sequence[Report]) -> Mapping[str, Samples]:
    return {f"{each.benchmark}.{key}": array for each in reports for key, array in each.samples.items()}


def _drop_checkpoints(folder: Path) -> None:
    for checkpoint in folder.rglob("ckpt"):
        shutil.rmtree(checkpoint)
