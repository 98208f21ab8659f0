"""Numbers get into the documents from tables, or not at all."""

import json
from math import inf
from pathlib import Path

import pytest

from splitwave.experiments.paper.preset import preset_named
from splitwave.experiments.paper.qml_ib import FIGURES
from splitwave.experiments.sweep import table
from splitwave.experiments.sweep.figure import Figure, Mark, rows
from tests.unit.experiments.sweep.test_files import outcome, qml_ib_trial
from tools.figure_fields import render
from tools.pages import PAGES
from tools.publish_figures import publish

ERRORS = (0.010, 0.012, 0.014)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """A finished fig3: one curve, two points, three seeds."""
    marks = [Mark("p", "ours", x, qml_ib_trial(seed), 10.0) for x in (1.0, 2.0) for seed in range(3)]
    outcomes = [outcome(qml_ib_trial(seed), (error, inf)) for seed, error in enumerate(ERRORS)]
    table.write(tmp_path / "fig3.csv", rows(Figure("fig3", "", "", tuple(marks)), outcomes))
    write_record(tmp_path, trainings=3)
    return tmp_path


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


def change(folder: Path, **more: object) -> None:
    record = json.loads((folder / "fig3.json").read_text())
    (folder / "fig3.json").write_text(json.dumps(record | more))


def test_a_point_is_its_mean_and_interval(folder: Path) -> None:
    # s = 0.2 points, 4.303·0.2/√3 = 0.497
    assert render("It errs by {{fig3 | p | ours | 2}}.", folder) == "It errs by 1.20 ± 0.50 %."


def test_a_table_has_a_row_a_curve_and_a_column_a_point(folder: Path) -> None:
    assert render("{{table fig3}}", folder).splitlines() == [
        "| p: error (%) at | 1 | 2 |",
        "|---|--:|--:|",
        "| ours | 1.20 ± 0.50 | 1.20 ± 0.50 |",
    ]


def test_the_rate_that_was_reached_has_a_table_like_the_errors(folder: Path) -> None:
    assert render("{{divergence fig3}}", folder).splitlines()[::2] == [
        "| p: D (nats) at | 1 | 2 |",
        "| ours | 0.5 ± 0.0 | 0.5 ± 0.0 |",
    ]


def test_a_rate_that_was_not_measured_is_not_made_up(folder: Path) -> None:
    rows_without = [row.model_copy(update={"divergence_nats": None}) for row in table.read(folder / "fig3.csv")]
    table.write(folder / "fig3.csv", rows_without)
    with pytest.raises(ValueError, match=r"ours at 1\.0: no divergence_nats"):
        render("{{divergence fig3}}", folder)


def test_a_gap_is_taken_seed_by_seed(folder: Path) -> None:
    row, *_ = mine = [row for row in table.read(folder / "fig3.csv") if row.seed != 1]
    theirs = [
        row.model_copy(update={"curve": "theirs", "x": x, "seed": seed, "test_error": error})
        for x in (2.0, 3.0)
        for seed, error in ((0, 0.020), (2, 0.025))
    ]
    table.write(folder / "fig3.csv", [*mine, *theirs])
    # 1.0 and 1.1 points; 12.706·0.0707/√2 = 0.64.
    assert render("{{gap fig3 | ours | theirs}}", folder).splitlines() == [
        "| theirs, minus ours: points at | 2 |",
        "|---|--:|",
        "| p | +1.05 ± 0.64 |",
    ]
    assert render("{{gap fig3 | ours | theirs | p | 2}}", folder) == "+1.05 ± 0.64 points"
    with pytest.raises(ValueError, match="no panel has both ours and nobodys"):
        render("{{gap fig3 | ours | nobodys}}", folder)
    table.write(folder / "fig3.csv", [*mine, *theirs[:1]])
    with pytest.raises(ValueError, match=r"seeds \[0, 2\] and \[0\]"):
        render("{{gap fig3 | ours | theirs}}", folder)


def test_points_are_told_apart_however_small_their_x(folder: Path) -> None:
    (first, *_) = rows_now = table.read(folder / "fig3.csv")
    small = [first.model_copy(update={"x": x, "test_error": x}) for x in (1e-5, 1e-3)]
    table.write(folder / "fig3.csv", [row.model_copy(update={"panel": "other"}) for row in rows_now] + small)
    assert render("{{fig3 | p | ours | 0.001}}", folder) == "0.10 %"


def test_a_damaged_record_is_named(folder: Path) -> None:
    (folder / "fig3.json").write_text("{}")
    with pytest.raises(ValueError, match=r"fig3\.json says nothing of command, commits"):
        render("{{made fig3}}", folder)
    (folder / "fig3.json").unlink()
    with pytest.raises(ValueError, match=r"fig3\.json is not there: `splitwave experiment run fig3`"):
        render("{{made fig3}}", folder)


def test_the_authors_errors_stand_beside_ours(folder: Path) -> None:
    rows_6 = [
        row.model_copy(update={"panel": "mlp", "curve": "VDDIB-SR, 1 bit, ideal link", "symbols": 6})
        for row in table.read(folder / "fig3.csv")
        if row.x == 1.0
    ]
    table.write(folder / "fig2a.csv", rows_6)
    assert render("{{authors ideal link}}", folder).splitlines() == [
        "| ideal link: error (%) at symbols | 6 | 8 | 16 | 32 | 48 |",
        "|---|--:|--:|--:|--:|--:|",
        "| authors' script, one seed | 2.2 | 1.85 | 1.66 | 1.5 | 1.45 |",
        "| here, mean over seeds | 1.20 ± 0.50 |  |  |  |  |",
    ]
    with pytest.raises(ValueError, match=r"has nothing over a wire"):
        render("{{authors a wire}}", folder)


def test_how_a_figure_was_made_is_said_in_one_line(folder: Path) -> None:
    assert render("{{made fig3}}", folder) == (
        "`splitwave experiment run fig3`: 3 trainings, seeds 0, 1, 2, commit `aaaaaaaa`, 0.5 CPU hours (a core)"
    )


@pytest.mark.parametrize("field", ["fig3 | p | theirs | 2", "fig3 | p | ours | 3", "fig9 | p | ours | 2"])
def test_a_field_that_names_nothing_is_refused(field: str, folder: Path) -> None:
    with pytest.raises(ValueError, match=r"no such point|no figure fig9"):
        render(f"{{{{{field}}}}}", folder)


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
