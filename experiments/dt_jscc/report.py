"""The results of trainings as lines and as a CSV file."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from splitwave.experiments.dt_jscc.settings import Settings
from splitwave.experiments.vddib_sr.settings import BAUD


class Row(NamedTuple):
    """One network over one test link.

    Attributes:
        training_psnr_db, test_psnr_db: peak PSNR, QML-IB eq. (20), with σ² in each real dimension.
        symbols: of a sample and link.
        bits: log2(M) times as many.
        airtime_ms: of a sample and link.
        test_error: share of wrong classes; None if the test split was not read.
    """

    modulation: str
    codewords: int
    symbols: int
    bits: float
    airtime_ms: float
    seed: int
    training_psnr_db: float
    test_psnr_db: float
    validation_error: float
    test_error: float | None


def row_of(settings: Settings, psnr_db: float, validation_error: float, test_error: float | None) -> Row:
    """The row of a network with these settings over a test link."""
    symbols = settings.symbols
    return Row(
        modulation=settings.modulation,
        codewords=settings.codewords,
        symbols=symbols,
        bits=symbols * math.log2(settings.codewords),
        airtime_ms=1e3 * symbols / BAUD,
        seed=settings.seed,
        training_psnr_db=settings.psnr_db,
        test_psnr_db=psnr_db,
        validation_error=validation_error,
        test_error=test_error,
    )


def line_of(row: Row) -> str:
    """A row for the terminal."""
    sent = f"{row.symbols:4d} symbols, {row.bits:g} bits, {row.airtime_ms:.2f} ms"
    test = "" if row.test_error is None else f"  test {row.test_error:.2%}"
    link = f"trained at {row.training_psnr_db:g} dB, over {row.test_psnr_db:g} dB"
    return f"{row.modulation} {row.codewords}, {sent}: {link}: validation {row.validation_error:.2%}{test}"


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Row._fields)
        writer.writerows(rows)
