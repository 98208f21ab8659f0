"""Publish figures of `splitwave experiment run`: `python -m tools.publish_figures [RESULTS_FOLDER]`.

Copies each finished figure's CSV, JSON and PNG to the folder of its page under docs/results, then writes the pages and
their summaries on the overview. The text of the pages is in `tools/result_pages`.

Without a folder nothing is copied; the pages are written again from the published files.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from splitwave.common.errors import SplitwaveError
from splitwave.common.runtime.standard_streams import make_streams_lenient
from splitwave.experiments.paper.figures import FIGURES
from splitwave.experiments.paper.preset import preset_named
from splitwave.experiments.sweep.table import read
from tools.marked_block import with_block
from tools.pages import PAGES
from tools.paths import OVERVIEW
from tools.result_pages.record import record_of

SUFFIXES = (".csv", ".json", ".png")


def publish(source: Path, targets: Mapping[str, Path]) -> list[str]:
    """Copy every finished figure of a results folder to the target of its page, and return their names.

    Raises:
        ValueError: no figure is finished; or a figure lacks a file, or was made from uncommitted changes or other data.
    """
    folders = {name: targets[page.name] for page in PAGES for name in page.figures}
    begun = [name for name in folders if (source / f"{name}.csv").is_file()]
    finished = [name for name in begun if _is_finished(source, name)]
    if not finished:
        raise ValueError(f"{source} holds no finished figure; `splitwave experiment run` makes them")
    for name in finished:
        target = folders[name]
        target.mkdir(parents=True, exist_ok=True)
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
    trials = FIGURES[name](preset_named("paper"), len(record["seeds"])).trials
    data = {trial.data for trial in trials}
    if set(record["data_sha256"]) != data:
        raise ValueError(f"{name}.json: of {', '.join(record['data_sha256'])}, not of {', '.join(data)} as the paper's")
    wanted = {trial.key for trial in trials}
    if strange := {row.trial for row in read(source / f"{name}.csv")} - wanted:
        raise ValueError(f"{name}.csv has {len(strange)} trainings of another {name}: run the experiment again")
    return bool(record["finished"] == record["trainings"] == len(wanted))


def main() -> int:
    """Parse the command line, copy the figures and write the pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "source", type=Path, nargs="?", metavar="RESULTS_FOLDER", help="such as results/experiments/paper"
    )
    source = parser.parse_args().source
    try:
        if source is not None:
            print(f"published: {', '.join(publish(source, {page.name: page.folder for page in PAGES}))}")
        written = {page.path: page.text for page in PAGES}
        overview = OVERVIEW.read_text(encoding="utf-8")
        for page in PAGES:
            overview = with_block(overview, page.name, page.summary)
    except (ValueError, SplitwaveError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for path, text in written.items() | {(OVERVIEW, overview)}:
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    make_streams_lenient()
    sys.exit(main())
