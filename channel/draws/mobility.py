"""The distance of devices from the base station over time: a CSV file with the columns time_s, link, distance_m."""

import csv
import math
import os
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import ConfigError

COLUMNS = ("time_s", "link", "distance_m")
_Row = tuple[float, int, float]


class Mobility:
    """The distance of one link at any time: linear between two rows of the file, constant before and after all.

    The file is read when a distance is first asked for: devices, which need none, do without it.
    """

    def __init__(self, path: str, link: int) -> None:
        """Args: path of the file, relative to SPLITWAVE_DATA_DIR, else to the working directory; the link's index."""
        self._path = Path(os.environ.get("SPLITWAVE_DATA_DIR") or ".", path)
        self._link = link

    def distances_m(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distances in metres, float64 of the shape of the times.

        Raises:
            ConfigError: the file cannot be read, or has no row of this link.
        """
        times, distances = self._waypoints
        return np.interp(times_s, times, distances)

    @cached_property
    def _waypoints(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        try:
            with self._path.open(newline="", encoding="utf-8") as file:
                lines = list(csv.DictReader(file))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ConfigError(f"mobility = {self._path}: {error}") from error
        rows = [self._row(number, line) for number, line in enumerate(lines, start=2)]
        mine = [(time, distance) for time, link, distance in rows if link == self._link]
        if not mine:
            raise ConfigError(f"mobility = {self._path}: no row of link {self._link}")
        times, distances = np.array(mine).T
        if not (np.diff(times) > 0).all():
            raise ConfigError(f"mobility = {self._path}, link {self._link}: expected times that increase")
        return times, distances

    def _row(self, number: int, line: dict[str, str]) -> _Row:
        try:
            time, link, distance = (float(line[column]) for column in COLUMNS)
            if not (math.isfinite(time) and link >= 0 and link.is_integer() and 0 < distance < math.inf):
                raise ValueError
        except (KeyError, TypeError, ValueError):
            found = ", ".join(f"{column} = {line.get(column)}" for column in COLUMNS)
            raise ConfigError(
                f"mobility = {self._path}, line {number}: {found}: expected a time, the number of a link, "
                "and a distance > 0"
            ) from None
        return time, int(link), distance
