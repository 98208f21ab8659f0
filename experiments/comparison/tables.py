"""The tables of a comparison, as rows for a CSV and as lines for a terminal."""

import csv
from collections.abc import Sequence
from pathlib import Path

from splitwave.common.files.whole_file import whole_file
from splitwave.common.tasks.wording import Wording
from splitwave.experiments.comparison.runs import ComparedRun
from splitwave.experiments.comparison.settings import differing
from splitwave.experiments.comparison.significance import Difference
from splitwave.testbed.terminal.columns import columns

_RESULTS = (
    "payload_bits_per_sample_per_link",
    "wire_bytes_per_sample_per_link",
    "airtime_ms",
    "samples_per_s",
    "weights_sha256",
)
"""Entries of `summary.json` behind the errors, whose names depend on the task."""

Row = Sequence[object]


def settings_rows(runs: Sequence[ComparedRun], names: Sequence[str]) -> list[Row]:
    """One row per setting in which the runs differ, one column per run."""
    return [["setting", *names], *([path, *map(str, row)] for path, row in differing(runs).items())]


def result_rows(runs: Sequence[ComparedRun], names: Sequence[str]) -> list[Row]:
    """One row per run: the test errors and costs of its summary, empty where it has none."""
    key = runs[0].config.task.wording.error_key
    entries = [key, f"{key}_soft", *_RESULTS]
    rows = [[name, *(run.summary.get(entry, "") for entry in entries)] for name, run in zip(names, runs, strict=True)]
    return [["run", *entries, "folder"], *([*row, str(run.folder)] for row, run in zip(rows, runs, strict=True))]


def difference_rows(differences: Sequence[Difference]) -> list[Row]:
    """One row per pair of groups."""
    header = ["first", "second", "seeds", "mean_difference", "half_width", "p_value", "interval_excludes_0"]
    return [
        header,
        *(
            [each.first, each.second, len(each.seeds), each.mean, each.half_width, each.p_value, each.is_significant]
            for each in differences
        ),
    ]


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write rows, numbers with all digits."""
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def lines(runs: Sequence[ComparedRun], names: Sequence[str], differences: Sequence[Difference]) -> list[str]:
    """The three tables as lines of text; a table without rows is left out."""
    wording = runs[0].config.task.wording
    numbers = [str(number) for number in range(1, len(runs) + 1)]
    text = ["settings that differ", *_settings_lines(runs, numbers)]
    rows = [
        (number, name, "" if run.error is None else wording.error_in_short(run.error), str(run.folder))
        for number, name, run in zip(numbers, names, runs, strict=True)
    ]
    text += ["", *columns([("run", "", wording.error, "folder"), *rows])]
    if differences:
        text += ["", "differences, paired by seed", *(_difference_line(each, wording) for each in differences)]
    return text


def _settings_lines(runs: Sequence[ComparedRun], numbers: Sequence[str]) -> list[str]:
    rows = settings_rows(runs, numbers)
    if len(rows) == 1:
        return ["none"]
    return columns([[str(cell) for cell in row] for row in rows])


def _difference_line(each: Difference, wording: Wording) -> str:
    verdict = "excludes" if each.is_significant else "includes"
    size = f"{wording.scale * each.mean:+.3g} ± {wording.scale * each.half_width:.3g} {wording.unit}"
    return (
        f"{each.first} − {each.second}: {size} over {len(each.seeds)} seeds; the 95 % interval {verdict} 0; "
        f"sign-flip test p = {each.p_value:.3g} (at least {each.least_p_value:.3g})"
    )
