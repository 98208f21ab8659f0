"""The pages about the reproduced figures have the numbers of the published tables."""

import json
import re
from statistics import fmean

import pytest

from splitwave.experiments.paper.chosen_beta import CHOSEN, MANY_SYMBOLS
from splitwave.experiments.paper.figures import FIGURES
from splitwave.experiments.paper.hyper_vib import HYPER_QML_IB_BEST_BETA
from splitwave.experiments.paper.preset import preset_named
from splitwave.experiments.sweep.curves import Point, points
from splitwave.experiments.sweep.table import Row, read
from tools.marked_block import block_in
from tools.pages import PAGES, Page
from tools.paths import OVERVIEW
from tools.result_pages.measured import Measured

PUBLISHED = {path.stem: path.parent for page in PAGES for path in sorted(page.folder.glob("*.csv"))}
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
MEASURED = re.compile(r"\d\s*%|± ?\d|\d points")
PLACEHOLDER = re.compile(r"\b[A-Z]{5,}\b")


@each_page
def test_a_page_is_written_from_the_tables(page: Page) -> None:
    assert page.path.read_text() == page.text


@each_page
def test_a_summary_is_written_from_the_tables(page: Page) -> None:
    assert block_in(OVERVIEW.read_text(), page.name) == page.summary.strip()


@each_page
def test_no_percentage_is_typed_by_hand(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    for method in [name for name in vars(Measured) if not name.startswith("_")]:
        monkeypatch.setattr(Measured, method, lambda *_: "")  # what the methods do not return is typed by hand
    for text in (page.text, page.summary):
        by_hand = text.replace("95 % interval", "")
        assert MEASURED.findall(by_hand) == []
        assert set(PLACEHOLDER.findall(by_hand)) <= {"MNIST", "VDDIB", "SPLITWAVE", "CIFAR"}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_figure_records_how_it_was_made(name: str) -> None:
    record = json.loads((PUBLISHED[name] / f"{name}.json").read_text())
    rows = read(PUBLISHED[name] / f"{name}.csv")
    assert record["command"].startswith(f"splitwave experiment run {name} --preset paper --seeds ")
    assert record["commits"] == sorted({row.commit for row in rows})
    assert all(re.fullmatch("[0-9a-f]{40}", commit) for commit in record["commits"])
    assert record["seeds"] == sorted({row.seed for row in rows})
    assert (PUBLISHED[name] / f"{name}.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_figure_has_the_trials_of_its_definition_today(name: str) -> None:
    rows = read(PUBLISHED[name] / f"{name}.csv")
    marks = FIGURES[name](preset_named("paper"), len({row.seed for row in rows})).marks
    assert [(row.panel, row.curve, row.seed, row.trial) for row in rows] == [
        (mark.panel, mark.curve, mark.trial.seed, mark.trial.key) for mark in marks
    ]


def searched() -> dict[tuple[str, int, float, bool], list[Row]]:
    groups: dict[tuple[str, int, float, bool], list[Row]] = {}
    for row in read(PUBLISHED["beta"] / "beta.csv"):
        groups.setdefault((row.backbone, row.links, float(row.tested_psnr_db), row.symbols >= MANY_SYMBOLS), []).append(
            row
        )
    return groups


def held_out_error(row: Row) -> float:
    assert row.validation_error is not None
    return row.validation_error


def test_each_beta_is_the_one_with_the_lowest_held_out_error() -> None:
    best = {key: min(rows, key=held_out_error).beta for key, rows in searched().items()}
    assert best == CHOSEN


def test_the_beta_shown_for_one_model_has_the_lowest_held_out_error() -> None:
    errors: dict[float | None, list[float]] = {}
    for row in read(PUBLISHED["hyper_qml_ib"] / "hyper_qml_ib.csv"):
        if row.method == "hyper-qml-ib":
            errors.setdefault(row.beta, []).append(held_out_error(row))
    assert len(errors) == 4
    assert min(errors, key=lambda beta: fmean(errors[beta])) == HYPER_QML_IB_BEST_BETA


def test_no_test_error_was_measured_to_choose_beta() -> None:
    assert {row.test_error for rows in searched().values() for row in rows} == {None}


def by_curve(name: str) -> dict[tuple[str, str, float], Point]:
    return {
        (point.panel, point.curve, round(point.x, 2)): point for point in points(read(PUBLISHED[name] / f"{name}.csv"))
    }


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name != "beta"])
def test_every_point_has_at_least_three_seeds(name: str) -> None:
    assert {len(point.rows) >= 3 for point in by_curve(name).values()} == {True}
