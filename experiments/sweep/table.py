"""A figure's CSV: one row a point and seed, with all that decided it and all that it gave."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from common.errors import DataError
from experiments.sweep.measurement import Measurement, Outcome


class Row(BaseModel):
    """One row; its fields are the columns. An empty cell is None, a link without a PSNR is an ideal one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    panel: str
    curve: str
    x: float
    seed: int
    test_error: float | None
    validation_error: float
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
    epochs: int | None
    best_epoch: int | None
    samples_per_s: float
    seconds: float
    commit: str
    trial: str

    @classmethod
    def of(cls, panel: str, curve: str, x: float, outcome: Outcome, measured: Measurement) -> Self:
        """The row of one measurement."""
        settings = outcome.trial.model_dump()
        training_range = settings.pop("training_psnr_db", None)
        trained = _link(settings.pop("psnr_db")) if training_range is None else "{:g} to {:g}".format(*training_range)
        shared = {name: settings.get(name) for name in cls.model_fields if name in settings}
        columns = shared | outcome.model_dump(exclude={"trial", "measurements"})
        return cls.model_validate(
            columns
            | measured.model_dump(exclude={"psnr_db"})
            | {
                "panel": panel,
                "curve": curve,
                "x": x,
                "trained_psnr_db": trained,
                "tested_psnr_db": _link(measured.psnr_db),
                "epochs_asked": _epochs(settings["epochs"]),
                "trial": outcome.trial.key,
            }
            | {name: None for name in cls.model_fields if name not in columns and name in _OF_ONE_METHOD}
        )

    @property
    def point(self) -> tuple[str, str, object]:
        """What the seeds of one point have in common."""
        return self.panel, self.curve, self.x if self.threshold == float("inf") else self.threshold


_OF_ONE_METHOD = {"breakpoints", "bits", "beta", "bound", "batch_size", "learning_rate", "patience"}


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write a table, whole or not at all."""
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(Row.model_fields), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row.model_dump() for row in rows)
    partial.replace(path)


def read(path: Path) -> list[Row]:
    """Read a table.

    Raises:
        DataError: it is missing, or a row is not one of ours.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_parse(path, number, cells) for number, cells in enumerate(csv.DictReader(file), start=2)]
    except FileNotFoundError:
        raise DataError(f"{path} is not there: `splitwave experiment run {path.stem}` writes it") from None


def _parse(path: Path, number: int, cells: dict[str, str]) -> Row:
    try:
        return Row.model_validate({name: cell if cell != "" else None for name, cell in cells.items()})
    except ValidationError as error:
        raise DataError(f"{path}, line {number}: {error}") from None


def _link(psnr_db: float | None) -> str:
    return "ideal" if psnr_db is None else f"{psnr_db:g}"


def _epochs(epochs: int | tuple[int, ...] | None) -> str:
    if epochs is None:
        return "chosen"
    return str(epochs) if isinstance(epochs, int) else "+".join(map(str, epochs))
