"""`splitwave experiment`: reproduces the papers' figures and tables."""

import os
from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.errors import ConfigError
from splitwave.common.files.full_disk import naming_full_disk
from splitwave.common.runtime.process import check_data_dir
from splitwave.common.spelling import did_you_mean, likely
from splitwave.experiments.paper.figures import FIGURES
from splitwave.experiments.paper.preset import Preset, preset_named
from splitwave.experiments.sweep.figure import Figure
from splitwave.experiments.sweep.intervals import MAX_SEEDS
from splitwave.experiments.sweep.plot import files_of, redraw
from splitwave.experiments.trials.trial import METHODS
from splitwave.testbed.commands.options import DataDir
from splitwave.testbed.terminal.reporting import reports_errors

experiment_app = typer.Typer(no_args_is_help=True, help="Reproduce the papers' figures and tables.")

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Names as printed by `list`.", show_default=False)]
PresetOption = Annotated[str, typer.Option("--preset", metavar="NAME", help="The extent: smoke or paper.")]
Folder = Annotated[Path, typer.Option("--results", metavar="DIR", help="Folder that holds all experiments.")]

_RESULTS = Path("results/experiments")


@experiment_app.command("list")
@reports_errors
def list_() -> None:
    """Print the names of all experiments."""
    for name, make in FIGURES.items():
        figure = make(preset_named("paper"), 1)
        typer.echo(f"{name:<20} {figure.title} ({len(figure.trials)} trainings a seed)")


@experiment_app.command()
@reports_errors
def run(  # noqa: PLR0917 — each is an option of the command line
    names: Names,
    preset: PresetOption = "paper",
    seeds: Annotated[int | None, typer.Option(help="Trainings per point (default: from the preset).", min=1)] = None,
    jobs: Annotated[int | None, typer.Option(help="Worker processes (default: one per core).", min=1)] = None,
    method: Annotated[
        str | None, typer.Option(metavar="METHOD", help="Run only the trainings of one method.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print the remaining number of trainings.")] = False,
    data_dir: DataDir = None,
    results: Folder = _RESULTS,
) -> Path | None:
    """Run all trainings that are not finished yet, and write each figure's CSV, PDF and PNG."""
    from splitwave.experiments.sweep.session import SweepSession  # noqa: PLC0415 — only this command needs torch

    check_data_dir(data_dir)
    figures = _figures(names, preset_named(preset), seeds)
    if method not in (None, *METHODS):
        meant = did_you_mean(likely(method, METHODS))
        raise ConfigError(f"--method {method}: expected one of {', '.join(METHODS)}{meant}")
    session = SweepSession(results / preset, figures, jobs or os.cpu_count() or 1, data_dir, typer.echo, method)
    if dry_run:
        session.plan()
        return None
    with naming_full_disk(results):
        session.run()
    for path in (file for figure in figures for file in files_of(figure, results / preset)):
        if path.is_file():  # a figure without any finished training has no files
            typer.echo(path)
    return results / preset


@experiment_app.command()
@reports_errors
def plot(names: Names, preset: PresetOption = "paper", results: Folder = _RESULTS) -> Path:
    """Redraw figures from their CSV files, without training."""
    for figure in _figures(names, preset_named(preset), 1):
        for file in redraw(figure, results / preset):
            typer.echo(file)
    return results / preset


def _figures(names: list[str], preset: Preset, seeds: int | None) -> list[Figure]:
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        meant = did_you_mean([known for name in unknown for known in likely(name, FIGURES)])
        raise ConfigError(f"no experiment {', '.join(unknown)}: the experiments are {', '.join(FIGURES)}{meant}")
    if seeds is not None and seeds > MAX_SEEDS:
        raise ConfigError(f"--seeds {seeds}: at most {MAX_SEEDS}")
    return [FIGURES[name](preset, seeds or preset.seeds) for name in dict.fromkeys(names)]
