"""Chooses the settings: `python -m splitwave.experiments.vddib_sr.tuning --symbols 16 --grid A.B=X,Y --csv OUT`.

Trains every point of a grid around the settings chosen so far for `--extractor`, and appends one row per training with
all of its settings. Points with an equal phase 1 share it. The test split is not used.
"""

import argparse
import csv
import itertools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError

from splitwave.common.errors import ConfigError
from splitwave.common.files.folders import make_output_folder
from splitwave.common.runtime.process import add_data_option, check_data_dir, run_tool
from splitwave.common.spelling import did_you_mean, likely
from splitwave.experiments.vddib_sr.chosen import chosen_settings
from splitwave.experiments.vddib_sr.encoding import train_encoding
from splitwave.experiments.vddib_sr.settings import Settings, reasons
from splitwave.experiments.vddib_sr.shared import SharedWork

Row = dict[str, Any]


def points(base: Settings, grid: Sequence[str]) -> Iterator[Settings]:
    """Yield `base` with every combination of the axes `dotted.path=value,value` (JSON values), last axis innermost.

    Raises:
        ConfigError: an axis or one of its settings is invalid.
    """
    for combination in itertools.product(*map(_axis, grid)):
        sections = base.model_dump()
        for path, value in combination:
            _put(sections, path, value)
        try:
            yield Settings.model_validate(sections)
        except ValidationError as error:
            raise ConfigError(f"--grid: {reasons(error)}") from None


def _axis(text: str) -> list[tuple[str, Any]]:
    path, separator, values = text.partition("=")
    try:
        parsed: list[Any] = json.loads(f"[{values}]") if separator else []
    except json.JSONDecodeError:
        parsed = []
    if not parsed:
        raise ConfigError(f"--grid {text}: expected dotted.path=value,value,… with JSON values")
    return [(path, tuple(value) if isinstance(value, list) else value) for value in parsed]


def _put(sections: Row, path: str, value: Any) -> None:
    known = flat(sections)
    *parents, last = path.split(".")
    for parent in parents:
        child = sections.get(parent)
        sections = child if isinstance(child, dict) else {}
    if last not in sections:
        raise ConfigError(f"--grid {path}: no such setting{did_you_mean(likely(path, known))}")
    sections[last] = value


def flat(sections: Mapping[str, Any], prefix: str = "") -> Row:
    """Flatten nested settings to one level of dotted names."""
    row: Row = {}
    for name, value in sections.items():
        row |= flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return row


def trials(settings: Sequence[Settings], data: Path | None) -> Iterator[Row]:
    """Train one point after another; yields rows of settings, validation errors (%), best epochs and CPU seconds."""
    work = SharedWork(data, kept=len(settings))
    for point in settings:
        extraction = work.extraction(point)
        trained = train_encoding(point, extraction, *work.training(point))
        encode, finetune = trained.encode, trained.finetune
        scores = " ".join(f"{score.error_rate:.2%}/{score.cross_entropy:.3f}" for score in finetune.scores)
        print(f"phase 3, validation error/CE after each epoch: {scores}", flush=True)
        yield flat(point.model_dump()) | {
            "extract_error_percent": " ".join(f"{100 * report.best.error_rate:.2f}" for report in extraction.reports),
            "encode_error_percent": f"{100 * encode.best.error_rate:.2f}",
            "encode_epoch": encode.best_epoch,
            "last_error_percent": f"{100 * finetune.scores[-1].error_rate:.2f}",
            "validation_error_percent": f"{100 * finetune.best.error_rate:.2f}",
            "validation_cross_entropy": f"{finetune.best.cross_entropy:.4f}",
            "finetune_epoch": finetune.best_epoch,
            "cpu_s": f"{sum(report.seconds for report in (*extraction.reports, encode, finetune)):.0f}",
        }


def _append(path: Path, row: Row) -> None:
    """Append a row, with a header if the file is new; existing rows are never rewritten.

    Raises:
        ConfigError: the table has other columns, for example because it is older than one of the settings.
    """
    with path.open("a+", encoding="utf-8", newline="") as file:
        file.seek(0)
        header = next(csv.reader(file), None)
        if header not in (None, list(row)):
            raise ConfigError(f"--csv {path}: its columns differ from those of the new row, {','.join(row)}")
        writer = csv.DictWriter(file, row)
        if header is None:
            writer.writeheader()
        writer.writerow(row)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m splitwave.experiments.vddib_sr.tuning", description=__doc__)
    parser.add_argument("--extractor", default="mlp", choices=["linear", "mlp"])
    parser.add_argument("--symbols", type=int, default=16, metavar="D", help="symbols per device, half in each round")
    parser.add_argument("--grid", action="append", default=[], metavar="A.B=X,Y", help="an axis; may be repeated")
    parser.add_argument(
        "--csv", type=Path, required=True, metavar="OUT", help="file to append to, one row per training"
    )
    add_data_option(parser)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line, run the trainings and append to the table."""
    torch.set_num_threads(1)
    return run_tool(lambda: _tune(_arguments(arguments)))


def _tune(options: argparse.Namespace) -> None:
    check_data_dir(options.data)
    first = (options.symbols + 1) // 2
    rounds = [f"encoding.first={first}", f"encoding.second={options.symbols - first}"]
    asked = list(points(chosen_settings(options.extractor), [*rounds, *options.grid]))
    make_output_folder(options.csv.parent, "--csv")
    for row in trials(asked, options.data):
        _append(options.csv, row)
        print(row, flush=True)


if __name__ == "__main__":
    sys.exit(main())
