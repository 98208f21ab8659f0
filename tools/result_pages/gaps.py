"""Gaps between two curves: how much higher the error of one is than the error of the other, seed by seed."""

from collections.abc import Mapping, Sequence

from splitwave.common.tasks.wording import Wording
from splitwave.experiments.sweep.curves import Point
from splitwave.experiments.sweep.intervals import interval
from splitwave.experiments.sweep.table import wording_of
from tools.result_pages.markdown import markdown_table, spread


def gap_over_seeds(errors: Mapping[int, float], others: Mapping[int, float], wording: Wording) -> str:
    """Return the mean and interval, over seeds, of how much higher the other errors are, without the unit.

    If errors are shares, these are differences in percentage points, else ratios less 1, in per cent.

    Args:
        errors: the error of each seed.
        others: the errors that are compared with them, of the same seeds.
        wording: the units of the task.
    """
    seeds = sorted(errors)
    if wording.is_share:
        return spread(interval([others[seed] - errors[seed] for seed in seeds]), 100.0, 2, sign="+")
    return spread(interval([others[seed] / errors[seed] - 1 for seed in seeds]), 100.0, 1, sign="+")


def gap(point: Point, other: Point) -> str:
    """Return how much higher the other point's error is, as `gap_over_seeds` does.

    Raises:
        ValueError: their seeds differ.
    """
    mine, theirs = _by_seed(point), _by_seed(other)
    if mine.keys() != theirs.keys():
        raise ValueError(f"{point.curve} and {other.curve} at {point.x}: seeds {sorted(mine)} and {sorted(theirs)}")
    return gap_over_seeds(mine, theirs, wording_of([*point.rows, *other.rows]))


def gap_unit(wording: Wording) -> str:
    """Return the unit of the gaps between errors of a task."""
    return "points" if wording.is_share else "%"


def gap_table(figure: Sequence[Point], curve: str, other: str) -> str:
    """Return the gaps at every x that both curves have, with one row for each panel.

    Raises:
        ValueError: no panel has both curves, or their seeds differ.
    """
    panels: dict[str, dict[float, str]] = {}
    places = {(point.panel, point.curve, point.x): point for point in figure}
    for (panel, name, x), point in places.items():
        if name == curve and (compared := places.get((panel, other, x))):
            panels.setdefault(panel, {})[x] = gap(point, compared)
    if not panels:
        raise ValueError(f"no panel has both {curve} and {other}")
    columns = {x: f"{x:.3g}" for x in sorted({x for row in panels.values() for x in row})}
    wording = wording_of(row for point in figure for row in point.rows)
    operation = "minus" if wording.is_share else "over"
    return markdown_table(f"{other}, {operation} {curve}: {gap_unit(wording)} at", columns, panels)


def _by_seed(point: Point) -> dict[int, float]:
    return {row.seed: row.test_error for row in point.rows if row.test_error is not None}
