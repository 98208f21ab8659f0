"""The finished runs of a comparison, read from their results folders."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError, DataError
from splitwave.common.records.results import EpochRecord
from splitwave.experiments.evaluation.files import ERRORS
from splitwave.testbed.results.metrics import read_epochs

SUMMARY, METRICS, CONFIG = "summary.json", "metrics.jsonl", "config.yaml"


@dataclass(frozen=True, slots=True)
class ErrorAtPsnr:
    """One row of an evaluation's `error.csv`; the half-width of its interval over the noise is 0 if it has none."""

    psnr_db: float
    error: float
    half_width: float


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A finished run, as far as a comparison reads it.

    Attributes:
        folder: as the user named it.
        config: its settings.
        summary: its `summary.json`; empty for a folder of `splitwave evaluate`.
        epochs: of its training; empty for other folders.
        curve: error against PSNR, for a folder of `splitwave evaluate`; else empty.
    """

    folder: Path
    config: RunConfig
    summary: Mapping[str, object]
    epochs: tuple[EpochRecord, ...]
    curve: tuple[ErrorAtPsnr, ...]

    @property
    def error(self) -> float | None:
        """The mean test error with hard symbols; None if the folder has none."""
        value = self.summary.get(self.config.task.wording.error_key)
        return value if isinstance(value, float | int) else None


def read_runs(folders: Sequence[Path]) -> list[ComparedRun]:
    """Read two or more runs, whose tasks must have the same errors.

    Raises:
        ConfigError: there are fewer than two, one is named twice, or their errors have different units.
        DataError: a folder is no results folder, or a file in it is damaged.
    """
    resolved = [folder.resolve() for folder in folders]
    twice = [str(folder) for folder, path in zip(folders, resolved, strict=True) if resolved.count(path) > 1]
    if twice or len(folders) < 2:
        raise ConfigError(f"RUN {twice[0]}: named twice" if twice else "RUN: expected two or more results folders")
    runs = [_read(folder) for folder in folders]
    keys = {run.config.task.wording.error_key for run in runs}
    if len(keys) > 1:
        raise ConfigError(f"RUN: the runs have different errors, {' and '.join(sorted(keys))}, and cannot be compared")
    return runs


def _read(folder: Path) -> ComparedRun:
    if not (folder / CONFIG).is_file():
        raise DataError(
            f"RUN {folder}: no results folder: expected a folder with {CONFIG}, as `splitwave train` prints"
        )
    config = load_config(folder / CONFIG, environment={})
    try:
        summary = json.loads((folder / SUMMARY).read_text("utf-8")) if (folder / SUMMARY).is_file() else {}
        epochs = read_epochs(folder / METRICS, config.task) if (folder / METRICS).is_file() else []
        curve = _read_curve(folder / ERRORS, config) if (folder / ERRORS).is_file() else []
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise DataError(f"RUN {folder}: damaged: {error}") from None
    if not summary and not curve:
        raise DataError(f"RUN {folder}: neither {SUMMARY} nor {ERRORS} is there: the run has not finished")
    return ComparedRun(folder, config, summary, tuple(epochs), tuple(curve))


def _read_curve(path: Path, config: RunConfig) -> list[ErrorAtPsnr]:
    """Read the rows of one PSNR; links with PSNRs of their own have no place on the axis."""
    key = config.task.wording.error_key
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if " " not in row["psnr_db"]]
    return [ErrorAtPsnr(float(row["psnr_db"]), float(row[key]), float(row["half_width"] or 0)) for row in rows]
