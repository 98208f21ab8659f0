"""Chooses training settings: `python -m splitwave.experiments.choose_settings -c FILE --grid a.b=1,2 --csv OUT`.

Trains every point of a grid with the in-process engine and reports the error on held-out *training* samples. The test
split is not used.
"""

import argparse
import csv
import functools
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.files.folders import make_output_folder
from splitwave.common.runtime.number_options import whole_number
from splitwave.common.runtime.process import add_data_option, check_data_dir, run_tool
from splitwave.experiments.inprocess_run import open_run
from splitwave.testbed.engine import IN_THIS_PROCESS
from splitwave.testbed.preflight import check_data
from splitwave.testbed.terminal.reporting import print_warning


@dataclass(frozen=True, slots=True)
class Training:
    """The grid settings of one training, and the errors of its last epoch."""

    settings: dict[str, str]
    seed: int
    training_error: float
    validation_error: float


Point = tuple[dict[str, str], RunConfig]
"""The settings that come from the grid, and the complete settings."""


def points(path: Path | None, grid: Sequence[str], seeds: int, validation: int) -> Iterator[Point]:
    """Yield every point of the grid, with the seeds innermost.

    Raises:
        ConfigError: a setting or a grid axis is invalid.
    """
    axes = [[(name, value) for value in values] for name, values in map(_axis, grid)]
    warn_once = functools.cache(print_warning)
    for point in itertools.product(*axes):
        overrides = [f"{name}={value}" for name, value in point]
        for seed in range(1, seeds + 1):
            fixed = [f"data.validation={validation}", f"seed={seed}"]
            yield dict(point), load_config(path, overrides=[*overrides, *fixed], warn=warn_once)


def _train(config: RunConfig, settings: dict[str, str], data: Path | None) -> Training:
    torch.set_num_threads(config.runtime.torch_threads)
    *_, last = open_run(config, data).train(lambda _: None)
    assert last.validation_error is not None  # because samples are held out
    return Training(settings, config.seed, last.training_error, last.validation_error)


def _axis(text: str) -> tuple[str, list[str]]:
    name, separator, values = text.partition("=")
    if not separator:
        raise ConfigError(f"--grid {text}: expected dotted.path=value,value,…")
    return name, values.split(",")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="base settings (default: those of the demo)")
    parser.add_argument("--grid", action="append", default=[], metavar="A.B=X,Y", help="an axis; may be repeated")
    parser.add_argument(
        "--seeds", type=whole_number(1, 1000), default=2, help="trainings per point, with seeds 1, 2, …"
    )
    parser.add_argument("--validation", type=int, required=True, help="number of training samples to hold out")
    parser.add_argument("--csv", type=Path, required=True, metavar="OUT", help="output file, one row per training")
    add_data_option(parser)
    return parser.parse_args()


def main() -> int:
    """Parse the command line, run the trainings and write the table row by row."""
    return run_tool(lambda: _choose(_arguments()))


def _choose(options: argparse.Namespace) -> None:
    check_data_dir(options.data)
    if options.validation < 1:
        raise ConfigError(f"--validation {options.validation}: at least one sample must be held out")
    if options.csv.exists():
        raise ConfigError(f"--csv {options.csv} already exists: a table is never overwritten")
    asked = list(points(options.config, options.grid, options.seeds, options.validation))
    for config in {config.data.name: config for _, config in asked}.values():
        check_data(config, options.data, IN_THIS_PROCESS)
    make_output_folder(options.csv.parent, "--csv")
    with options.csv.open("x", encoding="utf-8", newline="") as file:
        file.write(f"# {json.dumps(sys.argv[1:])}\n")
        writer = csv.writer(file)
        for number, (settings, config) in enumerate(asked):
            training = _train(config, settings, options.data)
            if number == 0:
                writer.writerow([*training.settings, "seed", "training_error", "validation_error"])
            errors = f"{training.training_error:.5f}", f"{training.validation_error:.5f}"
            writer.writerow([*training.settings.values(), training.seed, *errors])
            file.flush()
            print(training, flush=True)


if __name__ == "__main__":
    sys.exit(main())
