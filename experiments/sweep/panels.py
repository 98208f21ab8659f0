"""Distributes the points of a figure over panels, and arranges the panels in a grid."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from splitwave.experiments.sweep.curves import Point
from splitwave.experiments.sweep.figure import Figure


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel of the drawn figure: a panel of the table, or one view of it.

    Attributes:
        line, column: position in the grid, from 0.
    """

    title: str
    x_label: str
    line: int
    column: int
    points: tuple[Point, ...]

    @property
    def curves(self) -> list[str]:
        """The names of the curves, in the order of the table."""
        return list(dict.fromkeys(point.curve for point in self.points))


def panels_of(figure: Figure, points: Sequence[Point]) -> list[Panel]:
    """Arrange the panels of a figure.

    With views, each panel of the table becomes a column of views; if there is only one, its views are side by side.

    Raises:
        ValueError: a curve is in no view.
    """
    panels = list(dict.fromkeys(point.panel for point in points))
    if not figure.views:
        cells = [(panel, _in(panel, points), *divmod(place, figure.columns)) for place, panel in enumerate(panels)]
    else:
        cells = [
            (f"{panel}: {view}", shown, line, column)
            for column, panel in enumerate(panels)
            for line, (view, shown) in enumerate(_views(figure, _in(panel, points)))
        ]
        if len(panels) == 1:
            cells = [(title, shown, column, line) for title, shown, line, column in cells]
    return [_panel(figure, *cell) for cell in cells]


def _in(panel: str, points: Sequence[Point]) -> list[Point]:
    return [point for point in points if point.panel == panel]


def _views(figure: Figure, points: Sequence[Point]) -> list[tuple[str, list[Point]]]:
    """Return the views of one panel, without those whose curves are all in earlier views."""
    views: list[tuple[str, list[Point]]] = []
    seen: set[str] = set()
    for view, pattern in figure.views.items():
        shown = [point for point in points if re.fullmatch(pattern, point.curve)]
        curves = {point.curve for point in shown}
        if not curves <= seen:
            views.append((view, shown))
        seen |= curves
    if missing := {point.curve for point in points} - seen:
        raise ValueError(f"{figure.name}: no view shows {', '.join(sorted(missing))}")
    return views


def _panel(figure: Figure, title: str, points: Sequence[Point], line: int, column: int) -> Panel:
    x_label = figure.x_label
    if not x_label:  # if the panels have different x axes, the label follows the panel's name
        title, _, x_label = title.rpartition(": ")
    return Panel(title, x_label, line, column, tuple(points))
