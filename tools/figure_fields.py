"""The fields of a template, each of which stands for what is measured: nothing measured is typed by hand.

{{fig2a | linear | QML-IB, 4 bits | 5.94}}   the mean error over seeds with its interval, at an x of a curve
{{table fig2a}}                              all of a figure, a table a panel
{{divergence bounds}}                        likewise D, the rate that was reached, in nats a sample and link
{{gap fig2a | A | B}}                        error of curve B minus that of A, seed by seed, a row a panel; if errors
                                             are no shares, B over A, less 1
{{gap fig2a | A | B | linear | 5.94}}        likewise at one point
{{best hyper_vib | A | B | …}}               what curves over β come to, β chosen by held-out error, and their cost
{{authors ideal link}}                       VDDIB-SR's authors' errors beside ours
{{made fig2a}}                               command, seeds, commits and CPU time
"""

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from splitwave.common.tasks.wording import Wording
from splitwave.experiments.paper.figures import FIGURES
from splitwave.experiments.paper.preset import preset_named
from splitwave.experiments.sweep.curves import Point, points
from splitwave.experiments.sweep.figure import Figure
from splitwave.experiments.sweep.intervals import interval
from splitwave.experiments.sweep.table import read, wording_of
from tools.selection_table import selection_table, spread

AUTHORS = Path(__file__).resolve().parent.parent / "docs" / "results" / "vddib-sr-authors.csv"
"""Errors that the script of VDDIB-SR's authors gave, by link and symbols a device."""

_RECORDED = {"command", "finished", "trainings", "seeds", "commits", "machines", "cpu_hours", "data_sha256"}
_PARTS_OF_A_POINT = 4
_FIELD = re.compile(r"\{\{(.+?)\}\}")
_SAME_X = 1e-3
"""Relative."""


def render(template: str, folder: Path) -> str:
    """The text of a template, its fields read from the CSV and JSON files of a folder.

    Raises:
        ValueError: a field names no figure, curve or point that is there.
        DataError: a table is missing or damaged.
    """
    return _FIELD.sub(lambda field: _value(field.group(1).strip(), folder), template)


def _value(field: str, folder: Path) -> str:
    kind, _, name = field.partition(" ")
    if kind == "table":
        of = _points(folder, name)
        wording = _wording(of)
        quantity = "error" if wording.is_share else wording.error
        return _tables(of, f"{quantity} ({wording.unit})", lambda point: _error(point, wording))
    if kind == "gap":
        figure, curve, other, *place = (part.strip() for part in name.split("|"))
        of = _points(folder, figure)
        if not place:
            return _gaps(of, curve, other)
        panel, x = place
        return f"{_gap(_find(of, panel, curve, x), _find(of, panel, other, x))} {_gap_unit(_wording(of))}"
    if kind == "best":
        figure, curve, *others = (part.strip() for part in name.split("|"))
        return selection_table(read(folder / f"{figure}.csv"), curve, *others)
    if kind == "authors":
        return _authors(folder, name)
    if kind == "divergence":
        return _tables(_points(folder, name), "D (nats)", _divergence)
    if kind == "made":
        return _made(record_of(folder, name))
    parts = [part.strip() for part in field.split("|")]
    if len(parts) != _PARTS_OF_A_POINT:
        raise ValueError(f"{{{{{field}}}}}: expected figure | panel | curve | x")
    figure, panel, curve, x = parts
    point = _find(_points(folder, figure), panel, curve, x)
    wording = _wording([point])
    return f"{_error(point, wording)} {wording.unit}"


def record_of(folder: Path, figure: str) -> dict[str, Any]:
    """How a figure was made, from its JSON.

    Raises:
        ValueError: it is missing, or lacks what every figure's has.
    """
    path = folder / f"{figure}.json"
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} is not there: `splitwave experiment run {figure}` writes it") from None
    missing = _RECORDED - record.keys()
    if missing:
        raise ValueError(f"{path} says nothing of {', '.join(sorted(missing))}: run the experiment again")
    return record


def _find(figure: Sequence[Point], panel: str, curve: str, x: str) -> Point:
    for point in figure:
        if (point.panel, point.curve) == (panel, curve) and math.isclose(point.x, float(x), rel_tol=_SAME_X):
            return point
    raise ValueError(f"{panel} | {curve} | {x}: no such point")


def _points(folder: Path, figure: str) -> list[Point]:
    error = _definition(figure).error
    return points(read(folder / f"{figure}.csv"), error)


def _wording(of: Iterable[Point]) -> Wording:
    return wording_of(row for point in of for row in point.rows)


def _definition(figure: str) -> Figure:
    if figure not in FIGURES:
        raise ValueError(f"no figure {figure}: there are {', '.join(FIGURES)}")
    return FIGURES[figure](preset_named("paper"), 1)


def _error(point: Point, wording: Wording) -> str:
    return spread(point.error, wording.scale, 2)


def _divergence(point: Point) -> str:
    """D of the outcomes at a point, in nats.

    Raises:
        ValueError: an outcome has none.
    """
    values = [row.divergence_nats for row in point.rows if row.divergence_nats is not None]
    if len(values) < len(point.rows):
        raise ValueError(f"{point.curve} at {point.x}: no divergence_nats")
    return spread(interval(values), 1.0, 1)


def _tables(figure: Sequence[Point], quantity: str, cell: Callable[[Point], str]) -> str:
    return "\n\n".join(
        _table(f"{panel}: {quantity} at", [point for point in figure if point.panel == panel], cell)
        for panel in dict.fromkeys(point.panel for point in figure)
    )


def _table(corner: str, mine: Sequence[Point], cell: Callable[[Point], str]) -> str:
    columns = sorted({point.x for point in mine})
    cells = {(point.curve, point.x): cell(point) for point in mine}
    head = f"| {corner} | {' | '.join(f'{x:.3g}' for x in columns)} |"
    body = [
        f"| {curve} | {' | '.join(cells.get((curve, x), '') for x in columns)} |"
        for curve in dict.fromkeys(point.curve for point in mine)
    ]
    return "\n".join([head, "|---|" + "--:|" * len(columns), *body])


def _gaps(figure: Sequence[Point], curve: str, other: str) -> str:
    """How much higher the other curve's error is, over the seeds that both have.

    Raises:
        ValueError: no panel has both curves.
    """
    cells: dict[str, dict[float, str]] = {}
    places = {(point.panel, point.curve, point.x): point for point in figure}
    for (panel, name, x), point in places.items():
        if name == curve and (against := places.get((panel, other, x))):
            cells.setdefault(panel, {})[x] = _gap(point, against)
    if not cells:
        raise ValueError(f"no panel has both {curve} and {other}")
    columns = sorted({x for row in cells.values() for x in row})
    wording = _wording(figure)
    corner = f"{other}, {'minus' if wording.is_share else 'over'} {curve}"
    head = f"| {corner}: {_gap_unit(wording)} at | {' | '.join(f'{x:.3g}' for x in columns)} |"
    body = [f"| {panel} | {' | '.join(row.get(x, '') for x in columns)} |" for panel, row in cells.items()]
    return "\n".join([head, "|---|" + "--:|" * len(columns), *body])


def _gap_unit(wording: Wording) -> str:
    return "points" if wording.is_share else "%"


def _gap(point: Point, other: Point) -> str:
    """How much higher the other point's error is: in points, or in per cent of this one's.

    Raises:
        ValueError: their seeds differ.
    """
    mine, theirs = _by_seed(point), _by_seed(other)
    if mine.keys() != theirs.keys():
        raise ValueError(f"{point.curve} and {other.curve} at {point.x}: seeds {sorted(mine)} and {sorted(theirs)}")
    if _wording([point, other]).is_share:
        return spread(interval([theirs[seed] - mine[seed] for seed in sorted(mine)]), 100.0, 2, sign="+")
    return spread(interval([theirs[seed] / mine[seed] - 1 for seed in sorted(mine)]), 100.0, 1, sign="+")


def _by_seed(point: Point) -> dict[int, float]:
    return {row.seed: row.test_error for row in point.rows if row.test_error is not None}


def _authors(folder: Path, link: str) -> str:
    """Their errors and ours on the backbone `mlp`, by symbols a device.

    Raises:
        ValueError: they have none over that link.
    """
    with AUTHORS.open(encoding="utf-8", newline="") as file:
        theirs = {int(row["symbols"]): row["error_percent"] for row in csv.DictReader(file) if row["link"] == link}
    if not theirs:
        raise ValueError(f"{AUTHORS.name} has nothing over {link}")
    ours = {
        point.rows[0].symbols: _error(point, _wording([point]))
        for point in _points(folder, "fig2a")
        if (point.panel, point.curve) == ("mlp", f"VDDIB-SR, 1 bit, {link}")
    }
    columns = sorted(theirs.keys() | ours.keys())
    rows = {"authors' script, one seed": theirs, "here, mean over seeds": ours}
    head = f"| {link}: error (%) at symbols | {' | '.join(map(str, columns))} |"
    body = [f"| {name} | {' | '.join(row.get(x, '') for x in columns)} |" for name, row in rows.items()]
    return "\n".join([head, "|---|" + "--:|" * len(columns), *body])


def _made(record: Mapping[str, Any]) -> str:
    commits = ", ".join(f"`{commit[:8]}`" for commit in record["commits"])
    seeds = ", ".join(map(str, record["seeds"]))
    return (
        f"`{record['command']}`: {record['trainings']} trainings, seeds {seeds}, commit {commits}, "
        f"{record['cpu_hours']} CPU hours ({', '.join(record['machines'])})"
    )
