"""The files of a sweep: outcomes of trials, and the tables made from them."""

from math import inf
from pathlib import Path

import pytest

from splitwave.common.errors import DataError
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.regression import Regression
from splitwave.experiments.sweep import table
from splitwave.experiments.sweep.curves import points
from splitwave.experiments.sweep.figure import Figure, Mark, rows
from splitwave.experiments.sweep.store import Store
from splitwave.experiments.trials.outcome import Measurement, Outcome
from splitwave.experiments.trials.trial import QmlIbTrial, VddibSrTrial
from splitwave.experiments.vddib_sr.settings import EncodingSettings, ExtractionSettings


def qml_ib_trial(seed: int = 0, **more: object) -> QmlIbTrial:
    settings: dict[str, object] = {
        "backbone": "linear",
        "data": "mnist5k",
        "links": 2,
        "symbols": 6,
        "psnr_db": 10.0,
        "test_psnr_db": (10.0,),
        "validation": 400,
        "seed": seed,
        "beta": 1e-3,
        "epochs": 2,
        "batch_size": 64,
        "learning_rate": 1e-3,
        "patience": 2,
    }
    return QmlIbTrial.model_validate(settings | more)


def vddib_sr_trial() -> VddibSrTrial:
    return VddibSrTrial(
        backbone="mlp",
        data="mnist5k",
        links=2,
        test_psnr_db=(None,),
        validation=400,
        seed=0,
        extraction=ExtractionSettings(),
        encoding=EncodingSettings(first=3, second=3),
    )


def outcome(trial: QmlIbTrial | VddibSrTrial, *errors: tuple[float, float], airtime_ms: float = 0.5) -> Outcome:
    """Return an outcome with one measurement for each (error, threshold)."""
    return Outcome(
        trial=trial,
        measurements=tuple(
            Measurement(
                psnr_db=trial.psnr_db,
                threshold=threshold,
                validation_error=2 * error,
                test_error=error,
                payload_bits=48.0,
                airtime_ms=airtime_ms,
            )
            for error, threshold in errors
        ),
        rate_nats=1.5,
        divergence_nats=0.5,
        best_epoch=1,
        epochs=2,
        samples_per_s=1000.0,
        seconds=3.0,
        commit="abc",
        machine="a core",
    )


@pytest.mark.parametrize("trial", [qml_ib_trial(), qml_ib_trial(training_psnr_db=(0.0, 20.0)), vddib_sr_trial()])
def test_a_stored_outcome_is_found_again(trial: QmlIbTrial | VddibSrTrial, tmp_path: Path) -> None:
    store = Store(tmp_path / "trials")
    assert store.find(trial) is None
    kept = outcome(trial, (0.1, inf), (0.2, 0.9))
    store.add(kept)
    assert Store(tmp_path / "trials").find(trial) == kept
    assert [path.name for path in (tmp_path / "trials").iterdir()] == [f"{trial.key}.json"]


def test_different_trials_have_different_keys() -> None:
    trials = [
        qml_ib_trial(),
        qml_ib_trial(1),
        qml_ib_trial(beta=1e-4),
        qml_ib_trial(breakpoints=1),
        qml_ib_trial(bound="paper"),
        qml_ib_trial(overlap=0.5),
        vddib_sr_trial(),
    ]
    assert len({trial.key for trial in trials}) == len(trials)


def test_a_damaged_outcome_is_named(tmp_path: Path) -> None:
    (tmp_path / f"{qml_ib_trial().key}.json").write_text("{}")
    with pytest.raises(DataError, match=f"{qml_ib_trial().key}.json is not a finished trial; remove it"):
        Store(tmp_path).find(qml_ib_trial())


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / f"{qml_ib_trial().key}.json").write_bytes(b"\xff")
    with pytest.raises(DataError, match="is not a finished trial"):
        Store(tmp_path).find(qml_ib_trial())
    (tmp_path / "fig.csv").write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"fig\.csv is not a table"):
        table.read(tmp_path / "fig.csv")


def test_an_outcome_under_the_name_of_another_trial_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add(outcome(qml_ib_trial(), (0.1, inf)))
    (tmp_path / f"{qml_ib_trial().key}.json").rename(tmp_path / f"{qml_ib_trial(1).key}.json")
    with pytest.raises(DataError, match="contains another trial"):
        store.find(qml_ib_trial(1))


def figure_of(*marks: Mark) -> Figure:
    return Figure("fig", "a figure", "x", marks)


def test_a_table_survives_its_file(tmp_path: Path) -> None:
    figure = figure_of(
        Mark("p", "ours", 1.0, qml_ib_trial(), 10.0), Mark("p", "theirs", None, vddib_sr_trial(), None, 0.9)
    )
    written = rows(
        figure, [outcome(qml_ib_trial(), (0.1, inf)), outcome(vddib_sr_trial(), (0.2, inf), (0.3, 0.9), airtime_ms=0.7)]
    )
    table.write(tmp_path / "fig.csv", written)
    read = table.read(tmp_path / "fig.csv")

    assert read == written
    first, second = read
    assert (first.test_error, first.validation_error, first.beta, first.bits) == (0.1, 0.2, 1e-3, None)
    assert (first.trained_psnr_db, first.tested_psnr_db, first.epochs_asked) == ("10", "10", "2")
    assert (second.test_error, second.x, second.threshold, second.beta, second.bits) == (0.3, 0.7, 0.9, 1e-2, 1)
    assert (second.trained_psnr_db, second.epochs_asked) == ("ideal", "15+5+20")


def test_only_finished_trials_have_rows() -> None:
    figure = figure_of(Mark("p", "ours", 1.0, qml_ib_trial(0), 10.0), Mark("p", "ours", 1.0, qml_ib_trial(1), 10.0))
    assert [row.seed for row in rows(figure, [outcome(qml_ib_trial(1), (0.1, inf))])] == [1]


def test_a_mark_without_a_measurement_is_refused() -> None:
    figure = figure_of(Mark("p", "ours", 1.0, qml_ib_trial(), 0.0))
    with pytest.raises(ValueError, match=r"was not measured at 0\.0 dB"):
        rows(figure, [outcome(qml_ib_trial(), (0.1, inf))])


def test_a_training_over_a_psnr_range_has_the_range_in_its_row() -> None:
    trial = qml_ib_trial(training_psnr_db=(0.0, 20.0))
    (row,) = rows(figure_of(Mark("p", "ours", 1.0, trial, 10.0)), [outcome(trial, (0.1, inf))])
    assert (row.trained_psnr_db, row.tested_psnr_db) == ("0 to 20", "10")


def test_a_point_is_the_mean_over_its_seeds() -> None:
    marks = [Mark("p", "ours", 1.0, qml_ib_trial(seed), 10.0) for seed in range(3)]
    errors = (0.01, 0.02, 0.03)
    outcomes = [outcome(qml_ib_trial(seed), (error, inf)) for seed, error in enumerate(errors)]
    (point,) = points(rows(figure_of(*marks), outcomes))
    assert (point.curve, point.x, len(point.rows)) == ("ours", 1.0, 3)
    assert point.error.mean == pytest.approx(0.02)
    assert point.error.half_width == pytest.approx(4.303 * 0.01 / 3**0.5)


def test_a_missing_table_is_an_error_that_names_the_command_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"fig2a\.csv does not exist: `splitwave experiment run fig2a`"):
        table.read(tmp_path / "fig2a.csv")


def test_an_empty_table_is_refused(tmp_path: Path) -> None:
    table.write(tmp_path / "fig.csv", [])
    with pytest.raises(DataError, match=r"fig\.csv holds no rows"):
        table.read(tmp_path / "fig.csv")


def test_a_damaged_table_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "fig.csv"
    table.write(
        path, rows(figure_of(Mark("p", "ours", 1.0, qml_ib_trial(), 10.0)), [outcome(qml_ib_trial(), (0.1, inf))])
    )
    path.write_text(path.read_text().replace(",48.0,", ",many,"))
    with pytest.raises(DataError, match=r"fig\.csv, line 2: (.|\n)*payload_bits"):
        table.read(path)


def test_errors_are_worded_by_the_task_of_the_rows_and_never_by_two() -> None:
    mark = Mark("p", "ours", 1.0, qml_ib_trial(), 10.0)
    (digits,) = rows(figure_of(mark), [outcome(qml_ib_trial(), (0.25, inf))])
    delays = digits.model_copy(update={"data": "wifi-csi"})

    assert table.wording_of([digits, digits.model_copy(update={"data": "cifar10"})]) == Classification.wording
    assert table.wording_of([delays]) == Regression.wording
    with pytest.raises(ValueError, match=r"mnist5k.*wifi-csi.*no task in common"):
        table.wording_of([digits, delays])
