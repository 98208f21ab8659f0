"""The numbers and tables of a page, read from the published CSV and JSON files of its figures."""

import csv
import math
from collections.abc import Callable, Iterable
from pathlib import Path

from splitwave.common.tasks.wording import Wording
from splitwave.experiments.paper.figures import FIGURES
from splitwave.experiments.paper.preset import preset_named
from splitwave.experiments.sweep.curves import Point, points
from splitwave.experiments.sweep.figure import Figure
from splitwave.experiments.sweep.intervals import interval
from splitwave.experiments.sweep.table import read, wording_of
from tools.paths import PUBLISHED
from tools.result_pages.gaps import gap, gap_table, gap_unit
from tools.result_pages.markdown import markdown_table, spread
from tools.result_pages.record import record_of
from tools.result_pages.selection_table import selection_table

AUTHORS = PUBLISHED / "vddib-sr-authors.csv"
"""Errors that the script of VDDIB-SR's authors gave, by link and symbols per device."""

_SAME_X = 1e-3
"""Relative difference below which two x are the same."""


class Measured:
    """The figures that are published in one folder, as text for a page.

    An error is the mean over seeds with its interval, in the unit of its task. Every method raises ValueError if a name
    belongs to no figure, curve or point, and DataError if a table is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        """Keep the folder with the CSV and JSON files; each method reads what it needs."""
        self._folder = folder

    def point(self, figure: str, panel: str, curve: str, x: float) -> str:
        """Return the error at one x of a curve."""
        point = _find(self._points(figure), panel, curve, x)
        wording = _wording([point])
        return f"{_error(point, wording)} {wording.unit}"

    def table(self, figure: str) -> str:
        """Return all errors of a figure, as one table for each panel."""
        known = self._points(figure)
        wording = _wording(known)
        quantity = "error" if wording.is_share else wording.error
        return _tables(known, f"{quantity} ({wording.unit})", lambda point: _error(point, wording))

    def divergence(self, figure: str) -> str:
        """Return the rates D of the trained networks in nats per sample and link, as one table for each panel."""
        return _tables(self._points(figure), "D (nats)", _divergence)

    def gap(self, figure: str, curve: str, other: str, panel: str, x: float) -> str:
        """Return how much higher the error of `other` is than that of `curve` at one x, seed by seed."""
        known = self._points(figure)
        mine, theirs = _find(known, panel, curve, x), _find(known, panel, other, x)
        return f"{gap(mine, theirs)} {gap_unit(_wording(known))}"

    def gaps(self, figure: str, curve: str, other: str) -> str:
        """Return the gaps at every x that both curves have, as one table with a row for each panel."""
        return gap_table(self._points(figure), curve, other)

    def best(self, figure: str, curve: str, *others: str) -> str:
        """Return the test error and the cost of curves over β, each at the β of its lowest held-out error."""
        return selection_table(read(self._folder / f"{figure}.csv"), curve, *others)

    def authors(self, link: str) -> str:
        """Return the errors of VDDIB-SR's authors and ours on the backbone `mlp`, by symbols per device."""
        with AUTHORS.open(encoding="utf-8", newline="") as file:
            theirs = {int(row["symbols"]): row["error_percent"] for row in csv.DictReader(file) if row["link"] == link}
        if not theirs:
            raise ValueError(f"{AUTHORS.name} has nothing over {link}")
        ours = {
            point.rows[0].symbols: _error(point, _wording([point]))
            for point in self._points("fig2a")
            if (point.panel, point.curve) == ("mlp", f"VDDIB-SR, 1 bit, {link}")
        }
        columns = {symbols: str(symbols) for symbols in sorted(theirs.keys() | ours.keys())}
        rows = {"authors' script, one seed": theirs, "here, mean over seeds": ours}
        return markdown_table(f"{link}: error (%) at symbols", columns, rows)

    def made(self, figure: str) -> str:
        """Return the command, seeds, commits and CPU time that made a figure, as one line."""
        record = record_of(self._folder, figure)
        commits = ", ".join(f"`{commit[:8]}`" for commit in record["commits"])
        seeds = ", ".join(map(str, record["seeds"]))
        return (
            f"`{record['command']}`: {record['trainings']} trainings, seeds {seeds}, commit {commits}, "
            f"{record['cpu_hours']} CPU hours ({', '.join(record['machines'])})"
        )

    def _points(self, figure: str) -> list[Point]:
        error = _definition(figure).error
        return points(read(self._folder / f"{figure}.csv"), error)


def _definition(figure: str) -> Figure:
    if figure not in FIGURES:
        raise ValueError(f"no figure {figure}: there are {', '.join(FIGURES)}")
    return FIGURES[figure](preset_named("paper"), 1)


def _find(known: Iterable[Point], panel: str, curve: str, x: float) -> Point:
    for point in known:
        if (point.panel, point.curve) == (panel, curve) and math.isclose(point.x, x, rel_tol=_SAME_X):
            return point
    raise ValueError(f"{panel} | {curve} | {x}: no such point")


def _wording(known: Iterable[Point]) -> Wording:
    return wording_of(row for point in known for row in point.rows)


def _error(point: Point, wording: Wording) -> str:
    return spread(point.error, wording.scale, 2)


def _divergence(point: Point) -> str:
    values = [row.divergence_nats for row in point.rows if row.divergence_nats is not None]
    if len(values) < len(point.rows):
        raise ValueError(f"{point.curve} at {point.x}: no divergence_nats")
    return spread(interval(values), 1.0, 1)


def _tables(known: Iterable[Point], quantity: str, cell: Callable[[Point], str]) -> str:
    panels: dict[str, list[Point]] = {}
    for point in known:
        panels.setdefault(point.panel, []).append(point)
    return "\n\n".join(_table(f"{panel}: {quantity} at", mine, cell) for panel, mine in panels.items())


def _table(corner: str, panel: list[Point], cell: Callable[[Point], str]) -> str:
    curves: dict[str, dict[float, str]] = {}
    for point in panel:
        curves.setdefault(point.curve, {})[point.x] = cell(point)
    columns = {x: f"{x:.3g}" for x in sorted({point.x for point in panel})}
    return markdown_table(corner, columns, curves)
