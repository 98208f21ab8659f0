"""Publish a run of all benchmarks: `python -m tools.publish_bench RESULTS_FOLDER`.

Copies its readings and figures (no raw samples, no logs) to docs/results/bench and rewrites the table in
docs/benchmarks.md.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from tools.marked_block import with_block
from tools.paths import PUBLISHED, ROOT
from tools.publish_result import exit_unless_committed, exit_unless_finished, processor

BENCH = PUBLISHED / "bench"
PAGE = ROOT / "docs" / "benchmarks.md"
BLOCK = "bench"
_HEAD = "| reading | median | lowest to highest | target | verdict |\n|---|--:|--:|--:|---|"


def bench_table(result: dict[str, Any]) -> str:
    """Return the page's table of all readings that have a target, below a line with command, machine and commit."""
    environment = result["environment"]
    rows = [
        _row(reading)
        for benchmark in result["benchmarks"]
        for reading in benchmark["readings"]
        if reading["target"] is not None
    ]
    made = f"{processor(environment)}, {environment['cpu_count']} cores, commit `{environment['commit'][:8]}`"
    repetitions = result["scope"]["repetitions"]
    heading = f"`{' '.join(environment['command'][:3])}`, {repetitions} repetitions, {made}"
    return "\n".join([f"{heading}: {result['validity']}.", "", _HEAD, *rows])


def invalid_because(result: dict[str, Any]) -> list[str]:
    """Return the reasons why the numbers of a result must not be quoted; none if they may be."""
    return [
        f"{each['benchmark']}: {problem}"
        for each in result["benchmarks"]
        for problem in [*each.get("faults", []), *each["problems"]]
    ]


def _row(reading: dict[str, Any]) -> str:
    unit = "" if reading["unit"] == "x" or "=" in reading["unit"] else f" {reading['unit']}"
    value, low, high = (f"{reading[key]:.4g}" for key in ("value", "low", "high"))
    return f"| `{reading['name']}` | {value}{unit} | {low} to {high} | {reading['target']} | {reading['verdict']} |"


def _publish(source: Path) -> None:
    exit_unless_finished(source)
    result = json.loads((source / "result.json").read_text(encoding="utf-8"))
    exit_unless_committed(source, result["environment"])
    if result["scope"]["quick"]:
        sys.exit(f"error: {source} was made with --quick, whose readings are not worth quoting")
    if reasons := invalid_because(result):
        sys.exit(f"error: {source} is INVALID, its numbers must not be quoted:\n  " + "\n  ".join(reasons))
    shutil.rmtree(BENCH, ignore_errors=True)
    BENCH.mkdir()
    for file in (source / "result.json", *sorted((source / "figs").glob("*.png"))):
        shutil.copy(file, BENCH)
    PAGE.write_text(with_block(PAGE.read_text(encoding="utf-8"), BLOCK, bench_table(result)), encoding="utf-8")


def main() -> None:
    """Parse the command line and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="a results folder, results/bench/<time>-<commit>-s<seed>")
    _publish(parser.parse_args().source)


if __name__ == "__main__":
    main()
