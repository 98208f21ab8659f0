"""The distance of devices from the base station over time, from a table with the columns time_s, link, distance_m."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitwave.channel.draws.link_tables import MOST_KEPT, FileState, file_state, rows_of, table_of

NEAREST_M, FARTHEST_M = 1e-3, 1e9


@dataclass(frozen=True, slots=True)
class Mobility:
    """The way of one device: its distance is linear between two rows, and constant before the first and after the last.

    Attributes:
        times_s: (N,) float64, increasing.
        distances_m: (N,) float64.
    """

    times_s: NDArray[np.float64]
    distances_m: NDArray[np.float64]

    def at(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """(B,) float64 metres at (B,) times."""
        return np.interp(times_s, self.times_s, self.distances_m)


def read_mobility(path: Path, link: int) -> Mobility:
    """The way of one link's device.

    Args:
        path: of a CSV or Parquet file.
        link: index of the link.

    Raises:
        DataError: the file cannot be read, something in it is wrong, or it has no row of this link.
        ConfigError: it is neither CSV nor Parquet, or Parquet needs a package that is not installed.
    """
    return _mobility(path, file_state(path), link)


@lru_cache(maxsize=MOST_KEPT)
def _mobility(path: Path, state: FileState, link: int) -> Mobility:
    """The way as the file was when it last changed; the states of a live link make their models anew."""
    table = table_of(path, state)
    table.check_columns(["time_s", "link", "distance_m"])
    table = rows_of(table, "link", link)
    times_s, distances_m = table.columns["time_s"], table.columns["distance_m"]
    backwards = np.diff(times_s, prepend=-np.inf) <= 0
    table.refuse_first(backwards, "time_s", "a time after that of the row before of its link")
    out_of_range = (distances_m < NEAREST_M) | (distances_m > FARTHEST_M)
    table.refuse_first(out_of_range, "distance_m", f"{NEAREST_M:g} to {FARTHEST_M:g} metres")
    return Mobility(times_s, distances_m)
