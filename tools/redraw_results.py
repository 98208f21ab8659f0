"""Redraw the published figures from the committed files alone: `python -m tools.redraw_results [FOLDER...]`.

A folder under docs/results belongs to a run (`metrics.jsonl`, `summary.json`, `latency.csv`) or to the figures of a
page (one CSV each); without arguments all folders are redrawn. Nothing is trained, and no number changes.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from splitwave.common.config.layers import load_config
from splitwave.common.errors import DataError
from splitwave.common.runtime.process import run_tool
from splitwave.experiments.paper.figures import FIGURES
from splitwave.experiments.paper.preset import preset_named
from splitwave.experiments.sweep.plot import redraw
from splitwave.testbed.figures.latency_plot import draw_latency
from splitwave.testbed.figures.training_plot import draw_training
from tools.paths import PUBLISHED


def redraw_folder(folder: Path) -> list[Path]:
    """Draw each PNG of a published folder again, and return their paths.

    Raises:
        SplitwaveError: a file is damaged.
    """
    with TemporaryDirectory() as scratch:  # the PDFs are not published
        drawn = [*_figures_of_run(folder, Path(scratch)), *_figures_of_page(folder, Path(scratch))]
        return [Path(shutil.copy(file, folder)) for file in drawn if file.suffix == ".png"]


def _figures_of_run(folder: Path, scratch: Path) -> list[Path]:
    drawn: list[Path] = []
    if (metrics := folder / "metrics.jsonl").is_file():
        task = load_config(folder / "config.yaml", environment={}).task
        drawn += draw_training(metrics, folder / "summary.json", scratch / "training.png", task)
    if (latency := folder / "latency.csv").is_file():
        drawn += draw_latency(latency, scratch / "latency.png")
    return drawn


def _figures_of_page(folder: Path, scratch: Path) -> list[Path]:
    drawn: list[Path] = []
    for name, make in FIGURES.items():
        if (table := folder / f"{name}.csv").is_file():
            shutil.copy(table, scratch)
            drawn += redraw(make(preset_named("paper"), 1), scratch)
    return drawn


def _redraw(named: Sequence[Path]) -> None:
    for folder in named or [path for path in sorted(PUBLISHED.iterdir()) if path.is_dir()]:
        drawn = redraw_folder(folder)
        if named and not drawn:
            raise DataError(f"{folder}: holds no metrics.jsonl, latency.csv or CSV of a figure to draw")
        for file in drawn:
            print(file)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and redraw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="*", metavar="FOLDER", help="such as docs/results/demo")
    options = parser.parse_args(arguments)
    return run_tool(lambda: _redraw(options.folders))


if __name__ == "__main__":
    sys.exit(main())
