"""Publish a results folder: `python -m tools.publish_result RESULTS_FOLDER NAME`.

Copies settings, environment, curves, hop times, summary and figures, but neither weights nor logs, to
docs/results/NAME, and rewrites the tables in README.md and docs/results/README.md from all published summaries.
`tools.redraw_results` can draw the figures again from the copied files.
"""

import argparse
import json
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from splitwave.common.data.catalog import DATA_SETS
from splitwave.common.errors import DataError
from splitwave.testbed.results.unfinished import check_finished
from tools.marked_block import with_block
from tools.paths import OVERVIEW, PUBLISHED, ROOT

BLOCK = "results"
TABLES = {ROOT / "README.md": "docs/results/{}/", OVERVIEW: "{}/summary.json"}
"""Pages with the table, each with the target of its links: the site has no pages for folders."""

_FILES = ("config.yaml", "env.json", "metrics.jsonl", "summary.json", "figs/latency.csv")
_HEAD = (
    "| run | data | K | test error, hard symbols | test error, soft | payload bits¹ | wire bytes¹ | airtime² "
    "| latency p50 / p99 | commit | processor |"
)


def results_table(published: Path, link: str) -> str:
    """Return the table, with one row for each published result, from its summary.json and env.json.

    Args:
        published: the folder of all results.
        link: the target of the link on a result's name, with {} in place of the name.
    """
    rows = [_row(folder, link) for folder in sorted(published.iterdir()) if (folder / "summary.json").is_file()]
    return "\n".join([_HEAD, "|---|---|--:|--:|--:|--:|--:|--:|--:|---|---|", *rows])


def write_tables() -> None:
    """Write the table into every page that has it."""
    for page, link in TABLES.items():
        text = with_block(page.read_text(encoding="utf-8"), BLOCK, results_table(PUBLISHED, link))
        page.write_text(text, encoding="utf-8")


def _row(folder: Path, link: str) -> str:
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    environment = json.loads((folder / "env.json").read_text(encoding="utf-8"))
    latency = summary["latency_ms"]
    cells = (
        f"[{folder.name}]({link.format(folder.name)})",
        summary["data"],
        summary["links"],
        f"**{_error(summary)}**",
        _error(summary, "_soft"),
        summary["payload_bits_per_sample_per_link"],
        f"{summary['wire_bytes_per_sample_per_link']:.2f}",
        f"{summary['airtime_ms']:.2f} ms",
        f"{latency['p50']:.1f} / {latency['p99']:.1f} ms",
        f"`{environment['commit'][:8]}`",
        processor(environment),
    )
    return f"| {' | '.join(map(str, cells))} |"


def processor(environment: Mapping[str, Any]) -> str:
    """Return the kind of processor, which decides a run's last bits: its name and, if recorded, its vectors."""
    return ", ".join(filter(None, (environment["cpu_model"], environment.get("cpu_vectors"))))


def _error(summary: Mapping[str, Any], kind: str = "") -> str:
    wording = DATA_SETS.load(summary["data"]).TASK.wording
    return wording.error_in_short(summary[f"{wording.error_key}{kind}"])


def exit_unless_finished(source: Path) -> None:
    """End the program with a message if the run of a results folder ended early."""
    try:
        check_finished(source)
    except DataError as error:
        sys.exit(f"error: {error}")


def exit_unless_committed(source: Path, environment: Mapping[str, Any]) -> None:
    """End the program with a message if the code of a run was not committed.

    Args:
        source: the results folder, for the message.
        environment: the record of its command, commit and machine.
    """
    if environment["dirty"] is not False:
        sys.exit(f"error: {source} was made from uncommitted changes: commit, run again, publish that")


def _publish(source: Path, name: str) -> None:
    if not re.fullmatch("[a-z0-9][a-z0-9-]*", name):
        sys.exit(f"error: {name!r}: a published result is named in a-z, 0-9 and -")
    exit_unless_finished(source)
    files = [*(source / file for file in _FILES), *sorted((source / "figs").glob("*.png"))]
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        sys.exit(f"error: {source} is no complete results folder: it lacks {', '.join(missing)}")
    environment = json.loads((source / "env.json").read_text(encoding="utf-8"))
    exit_unless_committed(source, environment)
    fresh, target = PUBLISHED / f".{name}.partial", PUBLISHED / name
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for file in files:
        shutil.copy(file, fresh)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    write_tables()


def main() -> None:
    """Parse the command line and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="a results folder, results/<what>/<time>-<commit>-s<seed>")
    parser.add_argument("name", help="its name under docs/results/")
    options = parser.parse_args()
    _publish(options.source, options.name)


if __name__ == "__main__":
    main()
