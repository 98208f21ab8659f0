"""The text of pages has the numbers of the published tables, or none."""

from pathlib import Path

import pytest

from splitwave.experiments.sweep import table
from tools.result_pages.measured import Measured


@pytest.fixture(name="measured")
def _measured(folder: Path) -> Measured:
    return Measured(folder)


def test_a_point_is_its_mean_and_interval(measured: Measured) -> None:
    # s = 0.2 points, 4.303·0.2/√3 = 0.497
    assert measured.point("fig3", "p", "ours", 2) == "1.20 ± 0.50 %"


def test_a_table_has_one_row_per_curve_and_one_column_per_point(measured: Measured) -> None:
    assert measured.table("fig3").splitlines() == [
        "| p: error (%) at | 1 | 2 |",
        "|---|--:|--:|",
        "| ours | 1.20 ± 0.50 | 1.20 ± 0.50 |",
    ]


def test_the_rates_have_a_table_like_the_errors(measured: Measured) -> None:
    assert measured.divergence("fig3").splitlines()[::2] == [
        "| p: D (nats) at | 1 | 2 |",
        "| ours | 0.5 ± 0.0 | 0.5 ± 0.0 |",
    ]


def test_a_rate_that_was_not_measured_is_not_made_up(folder: Path, measured: Measured) -> None:
    rows_without = [row.model_copy(update={"divergence_nats": None}) for row in table.read(folder / "fig3.csv")]
    table.write(folder / "fig3.csv", rows_without)
    with pytest.raises(ValueError, match=r"ours at 1\.0: no divergence_nats"):
        measured.divergence("fig3")


def test_a_gap_is_taken_seed_by_seed(folder: Path, measured: Measured) -> None:
    row, *_ = mine = [row for row in table.read(folder / "fig3.csv") if row.seed != 1]
    theirs = [
        row.model_copy(update={"curve": "theirs", "x": x, "seed": seed, "test_error": error})
        for x in (2.0, 3.0)
        for seed, error in ((0, 0.020), (2, 0.025))
    ]
    table.write(folder / "fig3.csv", [*mine, *theirs])
    # 1.0 and 1.1 points; 12.706·0.0707/√2 = 0.64.
    assert measured.gaps("fig3", "ours", "theirs").splitlines() == [
        "| theirs, minus ours: points at | 2 |",
        "|---|--:|",
        "| p | +1.05 ± 0.64 |",
    ]
    assert measured.gap("fig3", "ours", "theirs", "p", 2) == "+1.05 ± 0.64 points"
    with pytest.raises(ValueError, match="no panel has both ours and nobodys"):
        measured.gaps("fig3", "ours", "nobodys")
    table.write(folder / "fig3.csv", [*mine, *theirs[:1]])
    with pytest.raises(ValueError, match=r"seeds \[0, 2\] and \[0\]"):
        measured.gaps("fig3", "ours", "theirs")


def test_a_gap_of_squared_errors_is_their_ratio_less_1(folder: Path, measured: Measured) -> None:
    delays = [
        row.model_copy(update={"data": "wifi-csi"})
        for row in table.read(folder / "fig3.csv")
        if row.x == 1.0 and row.seed != 1
    ]
    theirs = [
        row.model_copy(update={"curve": "theirs", "test_error": error})
        for row, error in zip(delays, (0.020, 0.025), strict=True)
    ]
    table.write(folder / "fig3.csv", [*delays, *theirs])
    # 2 and 1.7857: mean 1.893, s = 0.1515, 12.706·0.1515/√2 = 1.361
    assert measured.gap("fig3", "ours", "theirs", "p", 1) == "+89.3 ± 136.1 %"
    assert measured.gaps("fig3", "ours", "theirs").splitlines()[0] == "| theirs, over ours: % at | 1 |"


def test_points_are_distinguished_however_small_their_x(folder: Path, measured: Measured) -> None:
    (first, *_) = rows_now = table.read(folder / "fig3.csv")
    small = [first.model_copy(update={"x": x, "test_error": x}) for x in (1e-5, 1e-3)]
    table.write(folder / "fig3.csv", [row.model_copy(update={"panel": "other"}) for row in rows_now] + small)
    assert measured.point("fig3", "p", "ours", 0.001) == "0.10 %"


def test_a_damaged_record_is_named(folder: Path, measured: Measured) -> None:
    (folder / "fig3.json").write_text("{}")
    with pytest.raises(ValueError, match=r"fig3\.json lacks command, commits"):
        measured.made("fig3")
    (folder / "fig3.json").unlink()
    with pytest.raises(ValueError, match=r"fig3\.json is not there: `splitwave experiment run fig3`"):
        measured.made("fig3")


def test_the_authors_errors_stand_beside_ours(folder: Path, measured: Measured) -> None:
    rows_6 = [
        row.model_copy(update={"panel": "mlp", "curve": "VDDIB-SR, 1 bit, ideal link", "symbols": 6})
        for row in table.read(folder / "fig3.csv")
        if row.x == 1.0
    ]
    table.write(folder / "fig2a.csv", rows_6)
    assert measured.authors("ideal link").splitlines() == [
        "| ideal link: error (%) at symbols | 6 | 8 | 16 | 32 | 48 |",
        "|---|--:|--:|--:|--:|--:|",
        "| authors' script, one seed | 2.2 | 1.85 | 1.66 | 1.5 | 1.45 |",
        "| here, mean over seeds | 1.20 ± 0.50 |  |  |  |  |",
    ]
    with pytest.raises(ValueError, match=r"has nothing over a wire"):
        measured.authors("a wire")


def test_how_a_figure_was_made_is_said_in_one_line(measured: Measured) -> None:
    assert measured.made("fig3") == (
        "`splitwave experiment run fig3`: 3 trainings, seeds 0, 1, 2, commit `aaaaaaaa`, 0.5 CPU hours (a core)"
    )


@pytest.mark.parametrize(
    ("figure", "panel", "curve", "x", "reason"),
    [
        ("fig3", "p", "theirs", 2, r"p \| theirs \| 2: no such point"),
        ("fig3", "p", "ours", 3, r"p \| ours \| 3: no such point"),
        ("fig3", "q", "ours", 2, r"q \| ours \| 2: no such point"),
        ("fig9", "p", "ours", 2, "no figure fig9: there are fig2a"),
    ],
)
def test_a_name_of_nothing_is_refused(
    figure: str, panel: str, curve: str, x: float, reason: str, measured: Measured
) -> None:
    with pytest.raises(ValueError, match=reason):
        measured.point(figure, panel, curve, x)
