"""A finished figure that can be published."""

import json
from math import inf
from pathlib import Path

from splitwave.experiments.sweep import table
from splitwave.experiments.sweep.figure import Figure, Mark, rows
from tests.unit.experiments.sweep.test_files import outcome, qml_ib_trial

ERRORS = (0.010, 0.012, 0.014)


def write_figure(folder: Path) -> None:
    """Write fig3 with one curve, two points and three seeds."""
    marks = [Mark("p", "ours", x, qml_ib_trial(seed), 10.0) for x in (1.0, 2.0) for seed in range(3)]
    outcomes = [outcome(qml_ib_trial(seed), (error, inf)) for seed, error in enumerate(ERRORS)]
    table.write(folder / "fig3.csv", rows(Figure("fig3", "", "", tuple(marks)), outcomes))
    write_record(folder, trainings=3)


def write_record(folder: Path, trainings: int) -> None:
    record = {
        "command": "splitwave experiment run fig3",
        "finished": trainings,
        "trainings": trainings,
        "seeds": [0, 1, 2],
        "commits": ["a" * 40],
        "machines": ["a core"],
        "cpu_hours": 0.5,
        "data_sha256": {"mnist": "f" * 64},
    }
    (folder / "fig3.json").write_text(json.dumps(record))
    (folder / "fig3.png").write_bytes(b"picture")
