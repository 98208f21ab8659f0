"""Publish figures of `splitwave experiment run`: `python -m tools.publish_figures [RESULTS_FOLDER]`.

Copies each finished figure's CSV, JSON and PNG to docs/results/qml-ib, and renders docs/results/qml-ib.md and the
README's part from their templates. A template holds no measured number, only where it is read:

    {{fig2a | linear | QML-IB, 4 bits | 5.94}}   the mean error over seeds with its interval, at an x of a curve
    {{table fig2a}}                              all of a figure, a table a panel
    {{divergence bounds}}                        likewise D, the rate that was reached, in nats a sample and link
    {{made fig2a}}                               command, seeds, commits and CPU time

Without a folder nothing is copied, only rendered again.
"""

import argparse
import json
import re
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from common.errors import SplitwaveError
from experiments.paper.preset import preset_named
from experiments.paper.qml_ib import FIGURES
from experiments.sweep.curves import Point, points
from experiments.sweep.intervals import Interval, interval
from experiments.sweep.table import read

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ROOT / "docs" / "results" / "qml-ib"
PAGE = ROOT / "docs" / "results" / "qml-ib.md"
TEMPLATE = PUBLISHED / "page.md.template"
README = ROOT / "README.md"
README_TEMPLATE = PUBLISHED / "readme.md.template"
BEGIN, END = "<!-- qml-ib: begin -->", "<!-- qml-ib: end -->"

SUFFIXES = (".csv", ".json", ".png")

_FIELD = re.compile(r"\{\{(.+?)\}\}")
_SAME_X = 0.005


def render(template: str, folder: Path) -> str:
    """The text of a template, its fields read from the CSV and JSON files of a folder.

    Raises:
        ValueError: a field names no figure, curve or point that is there.
    """
    return _FIELD.sub(lambda field: _value(field.group(1).strip(), folder), template)


def block_in(readme: str) -> str:
    """What lies between the markers of a README.

    Raises:
        ValueError: the markers are missing.
    """
    return readme[readme.index(BEGIN) + len(BEGIN) : readme.index(END)].strip()


def _value(field: str, folder: Path) -> str:
    kind, _, name = field.partition(" ")
    if kind == "table":
        return _tables(_points(folder, name), "error (%)", _error)
    if kind == "divergence":
        return _tables(_points(folder, name), "D (nats)", _divergence)
    if kind == "made":
        return _made(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))
    figure, panel, curve, x = (part.strip() for part in field.split("|"))
    for point in _points(folder, figure):
        if (point.panel, point.curve) == (panel, curve) and abs(point.x - float(x)) < _SAME_X:
            return f"{_error(point)} %"
    raise ValueError(f"{{{{{field}}}}}: {figure}.csv has no such point")


def _points(folder: Path, figure: str) -> list[Point]:
    if figure not in FIGURES:
        raise ValueError(f"no figure {figure}: there are {', '.join(FIGURES)}")
    return points(read(folder / f"{figure}.csv"), FIGURES[figure](preset_named("paper"), 1).error)


def _error(point: Point) -> str:
    """In per cent."""
    return _spread(point.error, 100.0, 2)


def _divergence(point: Point) -> str:
    """D of the outcomes at a point, in nats.

    Raises:
        ValueError: an outcome has none.
    """
    values = [row.divergence_nats for row in point.rows if row.divergence_nats is not None]
    if len(values) < len(point.rows):
        raise ValueError(f"{point.curve} at {point.x}: no divergence_nats")
    return _spread(interval(values), 1.0, 1)


def _spread(of: Interval, scale: float, digits: int) -> str:
    spread = "" if of.half_width is None else f" ± {scale * of.half_width:.{digits}f}"
    return f"{scale * of.mean:.{digits}f}{spread}"


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


def _made(record: Mapping[str, Any]) -> str:
    commits = ", ".join(f"`{commit[:8]}`" for commit in record["commits"])
    seeds = ", ".join(map(str, record["seeds"]))
    return (
        f"`{record['command']}`: {record['trainings']} trainings, seeds {seeds}, commit {commits}, "
        f"{record['cpu_hours']} CPU hours ({', '.join(record['machines'])})"
    )


def publish(source: Path, target: Path) -> list[str]:
    """Copy every finished figure of a results folder; returns their names.

    Raises:
        ValueError: none is finished; or one lacks a file, or was made from uncommitted changes or other data.
    """
    begun = [name for name in FIGURES if (source / f"{name}.csv").is_file()]
    finished = [name for name in begun if _is_finished(source, name)]
    if not finished:
        raise ValueError(f"{source} holds no finished figure; `splitwave experiment run` makes them")
    target.mkdir(parents=True, exist_ok=True)
    for name in finished:
        for suffix in SUFFIXES:
            shutil.copy(source / f"{name}{suffix}", target)
    return finished


def _is_finished(source: Path, name: str) -> bool:
    missing = [suffix for suffix in SUFFIXES if not (source / f"{name}{suffix}").is_file()]
    if missing:
        raise ValueError(f"{source} lacks {name}{missing[0]}: run `splitwave experiment run {name}` again")
    record = json.loads((source / f"{name}.json").read_text(encoding="utf-8"))
    unclear = [commit for commit in record["commits"] if not re.fullmatch("[0-9a-f]{40}", commit)]
    if unclear:
        raise ValueError(f"{name}.json: {unclear[0]} is no commit; train from a clean checkout to publish")
    if set(record["data_sha256"]) != {"mnist"}:
        raise ValueError(f"{name}.json: of {', '.join(record['data_sha256'])}, not of mnist as the paper's")
    return bool(record["finished"] == record["trainings"])


def replaced(readme: str, block: str) -> str:
    """A README with another block between the markers.

    Raises:
        ValueError: the markers are missing.
    """
    start, end = readme.index(BEGIN) + len(BEGIN), readme.index(END)
    return f"{readme[:start]}\n{block.strip()}\n{readme[end:]}"


def main() -> int:
    """Parse the command line, copy and render."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "source", type=Path, nargs="?", metavar="RESULTS_FOLDER", help="such as results/experiments/paper"
    )
    source = parser.parse_args().source
    try:
        if source is not None:
            print(f"published: {', '.join(publish(source, PUBLISHED))}")
        page = render(TEMPLATE.read_text(encoding="utf-8"), PUBLISHED)
        block = render(README_TEMPLATE.read_text(encoding="utf-8"), PUBLISHED)
        readme = replaced(README.read_text(encoding="utf-8"), block)
    except (ValueError, SplitwaveError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    PAGE.write_text(page, encoding="utf-8")
    README.write_text(readme, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
