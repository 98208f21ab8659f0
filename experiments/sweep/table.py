"""The CSV table of a figure: one row per point and seed, with the settings and the measurements."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from splitwave.common.data.catalog import DATA_SETS
from splitwave.common.errors import DataError
from splitwave.common.files.whole_file import whole_file
from splitwave.common.tasks.wording import Wording
from splitwave.experiments.trials.outcome import Measurement, Outcome
from splitwave.experiments.trials.trial import (
    DtJsccTrial,
    EndToEndTrial,
    PsnrRange,
    QmlIbTrial,
    Trial,
    VddibSrTrial,
    VibTrial,
)


class Row(BaseModel):
    """One row, whose fields are the columns; an empty cell is None. The figure's JSON has all settings of each trial.

    `beta` is β for QML-IB, and the weight of the rate in phase 1 for VDDIB-SR, whose schedule columns are of phase 3.
    PSNRs are peak PSNRs, QML-IB eq. (20), with σ² in each real dimension.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    panel: str
    curve: str
    x: float
    seed: int
    test_error: float | None
    validation_error: float | None
    payload_bits: float
    airtime_ms: float
    rate_nats: float | None
    divergence_nats: float | None
    method: str
    backbone: str
    data: str
    links: int
    overlap: float
    symbols: int
    breakpoints: int | None
    bits: int | None
    features: int | None
    trained_psnr_db: str
    tested_psnr_db: str
    threshold: float
    beta: float | None
    bound: str | None
    batch_size: int | None
    learning_rate: float | None
    patience: int | None
    validation: int
    epochs_asked: str
    epochs: int
    best_epoch: int
    samples_per_s: float
    training_s: float | None = None
    link_dropout: float | None = None
    missing_links: int | None = None
    trained_radio: str | None = None
    csi: bool | None = None
    tested_radio: str | None = None
    seconds: float
    commit: str
    machine: str
    trial: str

    @classmethod
    def of(cls, panel: str, curve: str, x: float, outcome: Outcome, measured: Measurement) -> Self:
        """Create the row of one measurement."""
        trial = outcome.trial
        own = _own_columns(trial, measured)
        shared = trial.model_dump(include={"seed", "method", "backbone", "data", "links", "overlap", "validation"})
        return cls.model_validate(
            dict.fromkeys(cls.model_fields)
            | shared
            | own
            | outcome.model_dump(exclude={"trial", "measurements"})
            | measured.model_dump(exclude={"psnr_db", "beta", "radio"})
            | {"panel": panel, "curve": curve, "x": x, "symbols": trial.symbols, "trial": trial.key}
            | {"tested_psnr_db": _link(measured.psnr_db), "tested_radio": measured.radio}
        )

    @property
    def point(self) -> tuple[str, str, object]:
        """A key that is equal for all seeds of one point."""
        return self.panel, self.curve, self.x if self.threshold == float("inf") else self.threshold


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write a table atomically."""
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(Row.model_fields), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row.model_dump() for row in rows)


def read(path: Path) -> list[Row]:
    """Read a table.

    Raises:
        DataError: the file is missing or empty, or a row is invalid.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [_parse(path, number, cells) for number, cells in enumerate(csv.DictReader(file), start=2)]
    except FileNotFoundError:
        raise DataError(f"{path} does not exist: `splitwave experiment run {path.stem}` writes it") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not a table: {error}") from None
    if not rows:
        raise DataError(f"{path} holds no rows")
    return rows


def wording_of(rows: Iterable[Row]) -> Wording:
    """The names and units of the rows' errors: those of the task that their trials learn.

    Raises:
        ValueError: there are no rows, or they learn several tasks, whose errors cannot share a scale.
    """
    names = sorted({row.data for row in rows})
    wordings = [DATA_SETS.load(name).TASK.wording for name in names]
    if not wordings or any(wording != wordings[0] for wording in wordings):
        raise ValueError(f"the data sets {names} have no task in common")
    return wordings[0]


def _parse(path: Path, number: int, cells: dict[str, str]) -> Row:
    try:
        return Row.model_validate({name: cell if cell != "" else None for name, cell in cells.items()})
    except ValidationError as error:
        raise DataError(f"{path}, line {number}: {error}") from None


def _own_columns(trial: Trial, measured: Measurement) -> dict[str, object]:
    match trial:
        case QmlIbTrial():
            own = _of_end_to_end(trial, trial.training_psnr_db, "beta", "bound", "patience", "link_dropout")
            return own | {"trained_radio": trial.radio, "csi": trial.csi}
        case VddibSrTrial():
            return _of_vddib_sr(trial)
        case VibTrial():
            return _of_end_to_end(trial, trial.psnr_range) | {"beta": measured.beta}
        case DtJsccTrial():
            return _of_dt_jscc(trial)


def _of_end_to_end(trial: EndToEndTrial, over: PsnrRange | None, *own: str) -> dict[str, object]:
    """Return the columns that all end-to-end trainings have, and those that only the trial's method has."""
    return trial.model_dump(include={"breakpoints", "batch_size", "learning_rate", *own}) | {
        "trained_psnr_db": _link(trial.psnr_db) if over is None else "{:g} to {:g}".format(*over),
        "epochs_asked": str(trial.epochs),
    }


def _of_vddib_sr(trial: VddibSrTrial) -> dict[str, object]:
    phases = (trial.extraction.schedule, trial.encoding.encode, trial.encoding.finetune)
    return {
        "bits": trial.encoding.bits,
        "features": trial.extraction.features,
        "beta": trial.extraction.beta,
        "batch_size": phases[-1].batch_size,
        "learning_rate": phases[-1].learning_rate,
        "trained_psnr_db": _link(trial.psnr_db),
        "epochs_asked": "+".join(str(phase.epochs) for phase in phases),
    }


def _of_dt_jscc(trial: DtJsccTrial) -> dict[str, object]:
    return {
        "bits": (trial.codewords - 1).bit_length(),
        "batch_size": trial.schedule.batch_size,
        "learning_rate": trial.schedule.learning_rate,
        "trained_psnr_db": _link(trial.psnr_db),
        "epochs_asked": str(trial.schedule.epochs),
    }


def _link(psnr_db: float | None) -> str:
    return "ideal" if psnr_db is None else f"{psnr_db:g}"
