"""Compare fixed forms with link adaptation over a fading trace: `python -m splitwave.experiments.adaptation`.

Trains over Rayleigh fading, serves over Clarke's: error against bits, symbols and airtime of each fixed modulation and
number of bits, and of tables that are chosen on held-out samples. Writes a CSV; `--plot` reads such files.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from splitwave.common.runtime.process import add_data_option, check_data_dir, run_tool
from splitwave.experiments.adaptation.frontier import frontiers
from splitwave.experiments.adaptation.report import Row, draw_to, line_of, read, saving_line, savings, write
from splitwave.experiments.adaptation.settings import Choice, training_settings
from splitwave.experiments.inprocess_run import open_run


def _run(options: argparse.Namespace) -> None:
    rows = read(options.plot) if options.plot else _measure(options)
    for saving in savings(rows):
        print(saving_line(saving))
    if options.csv is not None:
        write(options.csv, rows)
        for path in draw_to(rows, options.csv):
            print(path)


def _measure(options: argparse.Namespace) -> list[Row]:
    """The rows of all seeds; the file has those that are finished, should the command be stopped."""
    check_data_dir(options.data)
    rows = []
    for seed in options.seeds:
        choice = Choice(options.data_set, options.epochs, seed, options.psnr_db, options.dimension)
        for row in _of_seed(choice, options.data):
            rows.append(row)
            print(line_of(row), flush=True)
            if options.csv is not None:
                write(options.csv, rows)
    return rows


def _of_seed(choice: Choice, data_dir: Path | None) -> Iterator[Row]:
    run = open_run(training_settings(choice), data_dir)
    for record in run.train(lambda _: None):
        print(f"seed {choice.seed} epoch {record.epoch}: validation error {record.validation_error:.2%}", flush=True)
    yield from frontiers(run, choice, data_dir)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m splitwave.experiments.adaptation", description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], metavar="N")
    parser.add_argument("--data-set", default="mnist", metavar="NAME", help="mnist, or mnist5k for a quick look")
    parser.add_argument("--epochs", type=int, default=Choice().epochs, metavar="N")
    parser.add_argument("--dimension", type=int, default=Choice().dimension, metavar="D", help="symbols of a link")
    parser.add_argument("--psnr-db", type=float, default=Choice().psnr_db, metavar="DB", help="at the mean power gain")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the rows here, and the figure beside them")
    parser.add_argument("--plot", type=Path, nargs="+", metavar="FILE", help="only read the rows of these files")
    add_data_option(parser)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    return run_tool(lambda: _run(options))


if __name__ == "__main__":
    sys.exit(main())
