"""Publish figures of `splitwave experiment run`: `python -m tools.publish_figures [RESULTS_FOLDER]`.

Copies each finished figure's CSV, JSON and PNG to docs/results/qml-ib, and renders docs/results/qml-ib.md and the
README's part from their templates. `tools.figure_fields` says what a template may hold.

Without a folder nothing is copied, only rendered again.
"""

import argparse
import re
import shutil
import sys
from pathlib import Path

from common.errors import SplitwaveError
from experiments.paper.preset import preset_named
from experiments.paper.qml_ib import FIGURES
from experiments.sweep.table import read
from tools.figure_fields import record_of, render

ROOT = Path(__file__).resolve().parent.parent
PUBLISHED = ROOT / "docs" / "results" / "qml-ib"
PAGE = ROOT / "docs" / "results" / "qml-ib.md"
TEMPLATE = PUBLISHED / "page.md.template"
README = ROOT / "README.md"
README_TEMPLATE = PUBLISHED / "readme.md.template"
BEGIN, END = "<!-- qml-ib: begin -->", "<!-- qml-ib: end -->"

SUFFIXES = (".csv", ".json", ".png")


def block_in(readme: str) -> str:
    """What lies between the markers of a README.

    Raises:
        ValueError: the markers are missing.
    """
    start, end = _markers(readme)
    return readme[start:end].strip()


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
    record = record_of(source, name)
    unclear = [commit for commit in record["commits"] if not re.fullmatch("[0-9a-f]{40}", commit)]
    if unclear:
        raise ValueError(f"{name}.json: {unclear[0]} is no commit; train from a clean checkout to publish")
    if set(record["data_sha256"]) != {"mnist"}:
        raise ValueError(f"{name}.json: of {', '.join(record['data_sha256'])}, not of mnist as the paper's")
    wanted = {trial.key for trial in FIGURES[name](preset_named("paper"), len(record["seeds"])).trials}
    if strange := {row.trial for row in read(source / f"{name}.csv")} - wanted:
        raise ValueError(f"{name}.csv has {len(strange)} trainings of another {name}: run the experiment again")
    return bool(record["finished"] == record["trainings"] == len(wanted))


def replaced(readme: str, block: str) -> str:
    """A README with another block between the markers.

    Raises:
        ValueError: the markers are missing.
    """
    start, end = _markers(readme)
    return f"{readme[:start]}\n{block.strip()}\n{readme[end:]}"


def _markers(readme: str) -> tuple[int, int]:
    """Where what is between them begins and ends."""
    if BEGIN not in readme or END not in readme:
        raise ValueError(f"the README lacks {BEGIN} or {END}")
    return readme.index(BEGIN) + len(BEGIN), readme.index(END)


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
