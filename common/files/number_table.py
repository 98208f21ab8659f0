"""Tables of numbers in CSV or Parquet files, with strict checks: a mistake is named by file, line, column and value."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import ConfigError, DataError
from splitwave.common.files.parquet_table import read_parquet

Column = NDArray[np.float64]

MAX_FILE_BYTES = 256 * 1024 * 1024
"""Largest file, some 10⁷ rows of a time, a link and a value: other parties name the files that a process reads."""


@dataclass(frozen=True, slots=True)
class NumberTable:
    """The rows of a file.

    Attributes:
        path: of the file.
        columns: by name, (N,) finite float64 numbers, N ≥ 1.
        lines: (N,) int64, the place of each row in the file.
        row_word: what a place is, for messages: line or row.
    """

    path: Path
    columns: Mapping[str, Column]
    lines: NDArray[np.int64]
    row_word: str

    def check_columns(self, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        """Check which columns there are.

        Raises:
            DataError: one is missing, or unknown.
        """
        for name in required:
            if name not in self.columns:
                raise DataError(f"{self.path}: it has no column {name}; its columns: {', '.join(self.columns)}")
        for name in self.columns:
            if name not in (*required, *optional):
                raise DataError(
                    f"{self.path}: unknown column {name}; expected {', '.join(required)}"
                    + (f", and optionally {', '.join(optional)}" if optional else "")
                )

    def rows(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "NumberTable":
        """The table of some rows."""
        columns = {name: values[chosen] for name, values in self.columns.items()}
        return NumberTable(self.path, columns, self.lines[chosen], self.row_word)

    def refuse(self, row: int, column: str, expected: str) -> NoReturn:
        """Refuse a number.

        Raises:
            DataError: with its place and value.
        """
        value = self.columns[column][row]
        raise DataError(f"{self.path}, {self.row_word} {self.lines[row]}: {column} = {value:.12g}: expected {expected}")

    def refuse_first(self, wrong: NDArray[np.bool_], column: str, expected: str) -> None:
        """Refuse the first number that is wrong, if one is; errors as for `refuse`."""
        if wrong.any():
            self.refuse(int(np.argmax(wrong)), column, expected)


def read_number_table(path: Path) -> NumberTable:
    """Read a `.csv` file, with a line of column names and `#` before comments, or a `.parquet` file.

    Raises:
        DataError: the file cannot be read, is empty or larger than `MAX_FILE_BYTES`, or something in it is no finite
            number.
        ConfigError: the name ends in neither, or Parquet needs a package that is not installed.
    """
    try:
        match path.suffix.lower():
            case ".csv":
                _check_size(path)
                return _read_csv(path)
            case ".parquet":
                _check_size(path)
                columns = read_parquet(path)
                table = NumberTable(path, columns, np.arange(1, len(next(iter(columns.values()))) + 1), "row")
            case _:
                raise ConfigError(f"{path}: expected a file that ends in .csv or .parquet")
    except OSError as error:
        raise DataError(f"{path}: {error}") from error
    for name, values in table.columns.items():
        table.refuse_first(~np.isfinite(values), name, "a finite number")
    return table


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise DataError(f"{path}: {size:,} bytes: expected at most {MAX_FILE_BYTES:,}")


def _read_csv(path: Path) -> NumberTable:
    names: list[str] | None = None
    rows: list[list[float]] = []
    lines: list[int] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, skipinitialspace=True)
            for fields in reader:
                if not fields or fields[0].startswith("#"):
                    continue
                if names is None:
                    names = _names(path, reader.line_num, fields)
                    continue
                rows.append(_numbers(f"{path}, line {reader.line_num}", names, fields))
                lines.append(reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: no CSV file: {error}") from error
    if names is None or not rows:
        raise DataError(f"{path}: expected a line of column names, and lines of numbers, but it is empty")
    values = np.array(rows, dtype=np.float64)
    columns = {name: np.ascontiguousarray(values[:, number]) for number, name in enumerate(names)}
    return NumberTable(path, columns, np.array(lines, dtype=np.int64), "line")


def _names(path: Path, line: int, fields: Sequence[str]) -> list[str]:
    names = [name.strip() for name in fields]
    if len(set(names)) < len(names) or not all(names):
        raise DataError(f"{path}, line {line}: {', '.join(map(repr, names))}: expected names, each once")
    return names


def _numbers(place: str, names: Sequence[str], fields: Sequence[str]) -> list[float]:
    if len(fields) != len(names):
        raise DataError(f"{place}: {len(fields)} values: expected {len(names)}, of {', '.join(names)}")
    numbers = []
    for name, field in zip(names, fields, strict=True):
        try:
            number = float(field)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise DataError(f"{place}: {name} = {field!r}: expected a finite number")
        numbers.append(number)
    return numbers
