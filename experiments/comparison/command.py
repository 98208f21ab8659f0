"""`splitwave compare`: the settings, curves and results of finished runs beside one another."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.files.full_disk import naming_full_disk
from splitwave.experiments.comparison.runs import read_runs
from splitwave.experiments.comparison.settings import names_of
from splitwave.experiments.comparison.significance import differences
from splitwave.experiments.comparison.tables import difference_rows, lines, result_rows, settings_rows, write_csv
from splitwave.testbed.commands.options import RESULTS, Results
from splitwave.testbed.results.results_folder import time_stamp
from splitwave.testbed.terminal.columns import label_rows
from splitwave.testbed.terminal.reporting import print_figures, reports_errors


@reports_errors
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Results folders of train or evaluate.")],
    results: Results = RESULTS,
) -> Path:
    """Compare runs: the settings that differ, their curves and results, and differences that are significant."""
    from splitwave.experiments.comparison.figure import comparison_figure  # noqa: PLC0415 — matplotlib is slow to import
    from splitwave.testbed.figures.style import save  # noqa: PLC0415

    compared = read_runs(runs)
    names, found = names_of(compared), differences(compared)
    canvas = comparison_figure(compared, names)
    with naming_full_disk(results), _new_folder(results / "compare") as folder:
        write_csv(folder / "settings.csv", settings_rows(compared, names))
        write_csv(folder / "results.csv", result_rows(compared, names))
        write_csv(folder / "differences.csv", difference_rows(found))
        if canvas is not None:
            save(canvas, folder / "curves")
    typer.echo("\n".join([*lines(compared, names, found), "", *label_rows([("results", str(folder))])]))
    print_figures(folder, len("results"))
    return folder


@contextmanager
def _new_folder(parent: Path) -> Iterator[Path]:
    """Make a folder named after the time, which is removed if the body of the `with` fails."""
    stamp = time_stamp()
    parent.mkdir(parents=True, exist_ok=True)
    attempt = 1
    while True:
        folder = parent / (stamp if attempt == 1 else f"{stamp}-{attempt}")
        attempt += 1
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        break
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
