"""Tables of all links of a run in a file, which an emulator reads once for all of them."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from splitwave.common.errors import DataError
from splitwave.common.files.number_table import NumberTable, read_number_table

MOST_KEPT = 16
"""How many links' rows are kept, once they are checked: up to 12 bytes a row each."""
FileState = tuple[int, int]
"""When a file last changed, in nanoseconds, and its bytes."""


def file_state(path: Path) -> FileState:
    """The state of a file now.

    Raises:
        DataError: it cannot be read.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise DataError(f"{path}: {error}") from error
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=4)
def table_of(path: Path, _state: FileState) -> NumberTable:
    """A file as it is in this state; errors as for `read_number_table`."""
    return read_number_table(path)


def rows_of(table: NumberTable, column: str, number: int) -> NumberTable:
    """The rows of one link or node.

    Raises:
        DataError: there are none, or the column has something that is no number of a link.
    """
    values = table.columns[column]
    table.refuse_first((values < 0) | (values != np.floor(values)), column, "a whole number, 0 or more")
    chosen = values == number
    if not chosen.any():
        found = ", ".join(f"{value:.0f}" for value in np.unique(values)[:20])
        raise DataError(f"{table.path}: it has no row with {column} = {number}; it has {found}")
    return table.rows(chosen)
