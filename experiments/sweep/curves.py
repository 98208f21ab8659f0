"""Combines the rows of a table, one per seed, into the points of curves."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean

from splitwave.experiments.sweep.figure import ErrorColumn
from splitwave.experiments.sweep.intervals import Interval, interval
from splitwave.experiments.sweep.table import Row


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a curve, combined over all seeds."""

    panel: str
    curve: str
    x: float
    error: Interval
    rows: tuple[Row, ...]


def points(rows: Iterable[Row], error: ErrorColumn = "test_error") -> list[Point]:
    """Combine the rows of a table into points, in the order of the table.

    Raises:
        ValueError: a row has no value for this error.
    """
    groups: dict[object, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.point, []).append(row)
    return [_point(group, error) for group in groups.values()]


def _point(group: list[Row], error: ErrorColumn) -> Point:
    errors = [getattr(row, error) for row in group]
    if None in errors:
        raise ValueError(f"{group[0].curve} at {group[0].x}: no {error}")
    first = group[0]
    return Point(first.panel, first.curve, fmean(row.x for row in group), interval(errors), tuple(group))
