"""Comparisons of finished runs: what differs, how they are grouped, and which differences are significant."""

import csv
import json
from pathlib import Path

import pytest

from splitwave.common.config.layers import to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.records.results import EpochRecord
from splitwave.experiments.comparison.runs import read_runs
from splitwave.experiments.comparison.settings import differing, groups_of, names_of
from splitwave.experiments.comparison.significance import differences, sign_flip_p_value
from splitwave.testbed.results.metrics import append_epoch
from tests.unit.testbed.commands.command_line import splitwave


def run_folder(parent: Path, name: str, error: float, **settings: object) -> Path:
    """A results folder as a training leaves it, with one epoch."""
    folder = parent / name
    folder.mkdir()
    config = RunConfig.model_validate(settings)
    (folder / "config.yaml").write_text(to_yaml(config))
    (folder / "summary.json").write_text(json.dumps({"error_rate": error, "weights_sha256": name}))
    record = EpochRecord(0, 63, 1.5, (1.0,) * config.links, 0.4, None, 1000.0, 1.0)
    append_epoch(folder / "metrics.jsonl", record, config.task)
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """Two groups with three seeds each: the second is better by 0.02, 0.03 and 0.04."""
    first = [run_folder(tmp_path, f"a{seed}", 0.10, seed=seed) for seed in range(3)]
    second = [
        run_folder(tmp_path, f"b{seed}", 0.08 - 0.01 * seed, seed=seed, objective={"beta": 0.01}) for seed in range(3)
    ]
    return [*first, *second]


def test_only_settings_that_differ_are_listed(folders: list[Path]) -> None:
    runs = read_runs(folders)
    assert differing(runs) == {"seed": [0, 1, 2, 0, 1, 2], "objective.beta": [1e-3] * 3 + [1e-2] * 3}
    assert names_of(runs[::3]) == ["beta 0.001", "beta 0.01"]
    assert differing([runs[0], runs[0]]) == {}


def test_runs_that_differ_in_the_seed_alone_are_a_group(folders: list[Path]) -> None:
    groups = groups_of(read_runs(folders))
    assert [[run.folder.name for run in group] for group in groups] == [["a0", "a1", "a2"], ["b0", "b1", "b2"]]


def test_a_difference_is_paired_by_seed(folders: list[Path]) -> None:
    (difference,) = differences(read_runs(folders))
    assert (difference.first, difference.second) == ("objective.beta 0.001", "objective.beta 0.01")
    assert difference.seeds == (0, 1, 2)
    assert difference.mean == pytest.approx(0.03)
    assert difference.half_width == pytest.approx(4.303 * 0.01 / 3**0.5)
    assert difference.is_significant
    assert difference.p_value == difference.least_p_value == 0.25


def test_groups_without_two_common_seeds_have_no_difference(folders: list[Path]) -> None:
    runs = read_runs(folders)
    assert differences([runs[0], runs[1], runs[4], runs[5]]) == []
    assert differences([runs[0], runs[3]]) == []


@pytest.mark.parametrize(
    ("values", "p_value"),
    [
        ([1.0, 1.0], 0.5),
        ([0.1, 0.2, 0.3], 0.25),
        ([1.0] * 6, 2 / 64),
        ([0.0, 0.0], 1.0),
        ([1.0, -1.0], 1.0),
        ([3.0, 1.0, -1.0], 0.75),  # sums of 5 and 3 are as extreme, sums of 1 are not
    ],
)
def test_the_sign_flip_test_counts_patterns_that_are_at_least_as_extreme(values: list[float], p_value: float) -> None:
    assert sign_flip_p_value(values) == p_value


def test_the_command_writes_tables_and_curves(folders: list[Path], tmp_path: Path) -> None:
    answer = splitwave("compare", *folders, "--results", tmp_path / "results")
    assert answer.exit_code == 0, answer.output
    assert "objective.beta 0.001 − objective.beta 0.01: +3 ± 2.48 % over 3 seeds; the 95 % interval excludes 0" in (
        answer.output
    )

    (folder,) = (tmp_path / "results" / "compare").iterdir()
    names = {path.name for path in folder.iterdir()}
    assert names == {"settings.csv", "results.csv", "differences.csv", "curves.pdf", "curves.png"}
    with (folder / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["error_rate"]) for row in rows] == [0.1, 0.1, 0.1, 0.08, 0.07, 0.08 - 0.02]
    assert [row["folder"] for row in rows] == [str(path) for path in folders]


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda folder: [folder], "RUN: expected two or more results folders"),
        (lambda folder: [folder, folder], "named twice"),
        (lambda folder: [folder, folder.parent / "none"], "no results folder: expected a folder with config.yaml"),
    ],
)
def test_what_cannot_be_compared_is_one_line(prepare, message: str, folders: list[Path], tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    answer = splitwave("compare", *prepare(folders[0]), "--results", tmp_path / "results")
    assert answer.exit_code != 0
    assert message in answer.output
    assert answer.output.count("\n") == 1
    assert not (tmp_path / "results").exists()


def test_a_damaged_folder_is_named(folders: list[Path], tmp_path: Path) -> None:
    (folders[1] / "summary.json").write_text("{")
    answer = splitwave("compare", *folders, "--results", tmp_path / "results")
    assert answer.output.startswith(f"error: RUN {folders[1]}: damaged: ")
    (folders[1] / "summary.json").unlink()
    answer = splitwave("compare", *folders, "--results", tmp_path / "results")
    assert (
        answer.output
        == f"error: RUN {folders[1]}: neither summary.json nor error.csv is there: the run has not finished\n"
    )


def test_errors_of_different_tasks_are_not_compared(folders: list[Path], tmp_path: Path) -> None:
    other = tmp_path / "times"
    other.mkdir()
    config = RunConfig.model_validate(
        {"data": {"name": "wifi-csi"}, "encoder": {"backbone": "csi"}, "quantizer": {"breakpoints": 0}}
    )
    (other / "config.yaml").write_text(to_yaml(config))
    (other / "summary.json").write_text(json.dumps({"mse_ns2": 3.0}))
    answer = splitwave("compare", folders[0], other)
    assert "different errors, error_rate and mse_ns2, and cannot be compared" in answer.output
