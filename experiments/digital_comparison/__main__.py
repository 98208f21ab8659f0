"""Compare amplitudes with digital modulation: `python -m splitwave.experiments.digital_comparison RUN --psnr 0 10`.

Prints one line for each scheme and PSNR: test error, symbols, airtime and mean energy of a sample and link.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path

from splitwave.common.errors import ConfigError
from splitwave.common.runtime.process import add_data_option, check_data_dir, run_tool
from splitwave.experiments.digital_comparison.comparison import Point, compare
from splitwave.experiments.evaluation.in_process import torch_threads
from splitwave.experiments.inprocess_checkpoints import load_checkpoint
from splitwave.experiments.inprocess_run import open_run
from splitwave.experiments.sweep.intervals import MAX_SEEDS, interval
from splitwave.testbed.results.checkpoint_folder import find_checkpoint, read_checkpoint

COLUMNS = ("modulation", "code", "peak_psnr_db", "error", "half_width", "symbols", "airtime_ms", "energy")


def _run(options: argparse.Namespace) -> None:
    if not 1 <= options.noise_seeds <= MAX_SEEDS:
        raise ConfigError(f"--noise-seeds {options.noise_seeds}: expected 1 to {MAX_SEEDS}")
    check_data_dir(options.data)
    folder = find_checkpoint(options.run, "RUN")
    config = read_checkpoint(folder).config
    run = open_run(config, options.data)
    load_checkpoint(run, folder)
    print(f"{'scheme':<20}{'PSNR, dB':>9}{'error':>9}{'±':>8}{'symbols':>9}{'airtime':>11}{'energy':>9}")
    points = []
    with torch_threads(config.runtime.torch_threads):
        for point in compare(run, options.psnr, options.noise_seeds):
            points.append(point)
            _show(point)
    if options.csv is not None:
        _write(options.csv, points)


def _show(point: Point) -> None:
    mean, half_width = interval(point.errors)
    spread = "" if half_width is None else f"{half_width:.4f}"
    costs = f"{point.symbols:>9}{point.airtime_ms:>8.2f} ms{point.energy:>9.2f}"
    print(f"{point.scheme!s:<20}{point.psnr_db:>9g}{mean:>9.4f}{spread:>8}{costs}", flush=True)


def _write(path: Path, points: Sequence[Point]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for point in points:
            mean, half_width = interval(point.errors)
            modulation, code = point.scheme.modulation or "amplitudes", point.scheme.code
            costs = point.symbols, point.airtime_ms, point.energy
            writer.writerow([modulation, code, point.psnr_db, mean, half_width, *costs])


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m splitwave.experiments.digital_comparison", description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="a results folder, a checkpoint folder, or a file in one")
    parser.add_argument("--psnr", type=float, nargs="+", default=[0.0, 5.0, 10.0, 15.0], metavar="DB")
    parser.add_argument(
        "--noise-seeds", type=int, default=1, metavar="N", help="realisations of the noise (default: 1)"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write the points to this file")
    add_data_option(parser)
    options = parser.parse_args(arguments)
    return run_tool(lambda: _run(options))


if __name__ == "__main__":
    sys.exit(main())
