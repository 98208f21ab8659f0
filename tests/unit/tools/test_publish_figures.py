"""Only whole figures of committed code are published."""

import json
from math import inf
from pathlib import Path

import pytest

from splitwave.experiments.paper.preset import preset_named
from splitwave.experiments.paper.qml_ib import FIGURES
from splitwave.experiments.sweep import table
from splitwave.experiments.sweep.figure import rows
from tests.unit.experiments.sweep.test_files import outcome
from tests.unit.tools.finished_figure import write_record
from tools.pages import PAGES
from tools.publish_figures import publish


@pytest.fixture(name="finished")
def _finished(tmp_path: Path) -> Path:
    """A finished fig3 with the trials that it has today."""
    figure = FIGURES["fig3"](preset_named("paper"), 3)
    outcomes = [outcome(trial, (0.02, inf)) for trial in figure.trials if trial.method == "qml-ib"]
    table.write(tmp_path / "fig3.csv", rows(figure, outcomes))
    write_record(tmp_path, trainings=len(figure.trials))
    return tmp_path


def targets(folder: Path) -> dict[str, Path]:
    return {page.name: folder for page in PAGES}


def change(folder: Path, **more: object) -> None:
    record = json.loads((folder / "fig3.json").read_text())
    (folder / "fig3.json").write_text(json.dumps(record | more))


def test_only_finished_figures_are_published(finished: Path, tmp_path: Path) -> None:
    target = tmp_path / "published"
    assert publish(finished, targets(target)) == ["fig3"]
    assert sorted(path.name for path in target.iterdir()) == ["fig3.csv", "fig3.json", "fig3.png"]
    change(finished, finished=2)
    with pytest.raises(ValueError, match="no finished figure"):
        publish(finished, targets(target))


def test_a_figure_that_has_become_another_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"fig3\.csv has 3 trainings of another fig3"):
        publish(folder, targets(tmp_path / "published"))


def test_results_of_uncommitted_code_are_refused(folder: Path, tmp_path: Path) -> None:
    change(folder, commits=["a" * 40 + "+changes"])
    with pytest.raises(ValueError, match=r"aaa\+changes is no commit"):
        publish(folder, targets(tmp_path / "published"))


def test_a_small_data_set_is_never_published_as_the_papers(folder: Path, tmp_path: Path) -> None:
    change(folder, data_sha256={"mnist5k": "f" * 64})
    with pytest.raises(ValueError, match=r"fig3\.json: of mnist5k"):
        publish(folder, targets(tmp_path / "published"))


def test_a_missing_picture_is_named_before_anything_is_copied(folder: Path, tmp_path: Path) -> None:
    (folder / "fig3.png").unlink()
    with pytest.raises(ValueError, match=r"lacks fig3\.png"):
        publish(folder, targets(tmp_path / "published"))
    assert not (tmp_path / "published").exists()
