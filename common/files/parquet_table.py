"""Columns of Parquet files, by pyarrow, which is imported only here and then."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import ConfigError, DataError

MAX_ROWS = 10_000_000
"""Most rows of a file, whose bytes say little of them."""


def read_parquet(path: Path) -> dict[str, NDArray[np.float64]]:
    """By name, the (N,) float64 columns of a file with N ≥ 1 rows of numbers; NaN where one is missing.

    Raises:
        OSError: the file cannot be read.
        DataError: it is no Parquet file, is empty, has more than `MAX_ROWS` rows, or a column has no numbers.
        ConfigError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 — an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(f"{path}: Parquet files need pyarrow: pip install 'splitwave[traces]' ({error})") from error
    try:
        rows = parquet.read_metadata(path).num_rows  # before the columns, which may be far larger than the file
        if rows > MAX_ROWS:
            raise DataError(f"{path}: {rows:,} rows: expected at most {MAX_ROWS:,}")
        table = parquet.read_table(path)
    except pa.ArrowException as error:
        raise DataError(f"{path}: no Parquet file: {error}") from error
    if not table.num_rows or not table.column_names:
        raise DataError(f"{path}: it has no rows")
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
            raise DataError(f"{path}: column {name} has values of type {column.type}: expected numbers")
        columns[name] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return columns
