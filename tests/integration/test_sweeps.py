"""Sweeps with real worker processes: their tables, figures and stored outcomes."""

import fcntl
import json
import re
import shutil
from math import inf
from pathlib import Path

import pytest

from splitwave.common.errors import ConfigError, DataError, RunFailedError
from splitwave.experiments.sweep import table
from splitwave.experiments.sweep.figure import Figure, Mark
from splitwave.experiments.sweep.plot import redraw
from splitwave.experiments.sweep.session import SweepSession
from splitwave.experiments.trials.trial import QmlIbTrial, Trial, VddibSrTrial
from splitwave.experiments.vddib_sr.settings import EncodingSettings, ExtractionSettings, Schedule

pytestmark = pytest.mark.e2e  # starts programs, or trains, for half a minute


def qml_ib_trial(seed: int, **more: object) -> QmlIbTrial:
    settings: dict[str, object] = {
        "backbone": "tanh",
        "data": "mnist5k",
        "links": 2,
        "symbols": 6,
        "psnr_db": 10.0,
        "test_psnr_db": (0.0, 10.0, 20.0),
        "validation": 400,
        "seed": seed,
        "beta": 1e-3,
        "epochs": 2,
        "batch_size": 128,
        "learning_rate": 4e-3,
        "patience": 2,
    }
    return QmlIbTrial.model_validate(settings | more)


def vddib_sr_trial() -> VddibSrTrial:
    once = Schedule(epochs=1)
    return VddibSrTrial(
        backbone="linear",
        data="mnist5k",
        links=2,
        test_psnr_db=(None, 0.0),
        validation=400,
        seed=0,
        extraction=ExtractionSettings(extractor="linear", features=6, schedule=once),
        encoding=EncodingSettings(first=3, second=3, encode=once, finetune=once),
    )


def marks() -> list[Mark]:
    return [
        *(Mark("p", "ours", psnr_db, qml_ib_trial(seed), psnr_db) for seed in (0, 1) for psnr_db in (0.0, 20.0)),
        Mark("p", "theirs", 0.0, vddib_sr_trial(), 0.0),
        Mark("p", "theirs, one round", None, vddib_sr_trial(), None, 0.0),
    ]


def run_session(folder: Path, *figure_marks: Mark) -> list[str]:
    lines: list[str] = []
    SweepSession(folder, [Figure("fig", "a figure", "x", figure_marks)], 2, None, lines.append).run()
    return lines


def test_a_sweep_trains_measures_and_draws_and_the_next_session_continues(tmp_path: Path) -> None:
    lines = run_session(tmp_path, *marks())
    time = r"(under 1 s|\d+ s|\d+(\.\d)? min)"
    assert re.fullmatch(
        r"3 of 3 trainings are left: about \d s with 2 one-thread workers", lines[0]
    )  # by the cost model
    assert all(re.search(rf": validation error \d+\.\d\d %, {time}; about {time} left$", line) for line in lines[1:3])
    assert re.search(rf": validation error \d+\.\d\d %, {time}$", lines[3])
    assert [line[:5] for line in lines[1:]] == ["[1/3]", "[2/3]", "[3/3]"]
    rows = table.read(tmp_path / "fig.csv")
    assert [(row.curve, row.seed, row.tested_psnr_db) for row in rows] == [
        ("ours", 0, "0"),
        ("ours", 0, "20"),
        ("ours", 1, "0"),
        ("ours", 1, "20"),
        ("theirs", 0, "0"),
        ("theirs, one round", 0, "ideal"),
    ]
    for row in rows:
        assert row.validation_error is not None
        assert 0 < row.validation_error < 0.9
        assert row.test_error is not None
        assert 0 < row.test_error < 0.9
    assert [row.payload_bits for row in rows] == [48.0, 48.0, 48.0, 48.0, 12.0, 6.0]
    noisy, clear = rows[:2]
    assert clear.test_error is not None
    assert noisy.test_error is not None
    assert clear.test_error < noisy.test_error
    assert noisy.divergence_nats is not None
    assert noisy.rate_nats is not None
    assert 0 < noisy.divergence_nats < noisy.rate_nats
    record = json.loads((tmp_path / "fig.json").read_text())
    assert (record["finished"], record["trainings"], record["seeds"]) == (3, 3, [0, 1])
    assert set(record["settings"]) == {row.trial for row in rows}

    (tmp_path / "trials" / f"{qml_ib_trial(1).key}.json").unlink()
    again = run_session(tmp_path, *marks())
    assert again[0].startswith("1 of 3 trainings are left")
    retrained = table.read(tmp_path / "fig.csv")
    assert [row.test_error for row in retrained] == [row.test_error for row in rows]


def test_without_held_out_samples_the_last_epoch_is_measured(tmp_path: Path) -> None:
    lines = run_session(tmp_path, Mark("p", "ours", 10.0, qml_ib_trial(0, validation=0, patience=1), 10.0))
    assert "seed 0: nothing held out, " in lines[1]
    (row,) = table.read(tmp_path / "fig.csv")
    assert (row.validation_error, row.validation, row.best_epoch, row.epochs) == (None, 0, 2, 2)
    assert row.test_error is not None
    assert 0 < row.test_error < 0.9
    assert row.divergence_nats is not None
    assert row.divergence_nats > 0


def test_a_figure_is_drawn_from_its_csv_alone(tmp_path: Path) -> None:
    run_session(tmp_path, *marks()[:2])
    shutil.rmtree(tmp_path / "trials")
    before = (tmp_path / "fig.png").read_bytes()
    (tmp_path / "fig.png").unlink()
    figure = Figure("fig", "a figure", "x", ())
    assert redraw(figure, tmp_path) == [tmp_path / "fig.png", tmp_path / "fig.pdf"]
    assert (tmp_path / "fig.png").read_bytes() == before


def test_a_training_that_fails_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    diverges: Trial = qml_ib_trial(0, learning_rate=1e30)
    with pytest.raises(RunFailedError, match=r"1 of 2 trainings failed, the first with: .*1e\+?30.*diverged"):
        run_session(tmp_path, Mark("p", "ours", 0.0, diverges, 0.0), Mark("p", "ours", 0.0, qml_ib_trial(1), 0.0))
    assert [row.seed for row in table.read(tmp_path / "fig.csv")] == [1]
    assert table.read(tmp_path / "fig.csv")[0].threshold == inf


def test_training_stops_early_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    impatient = qml_ib_trial(0, epochs=40, patience=1, learning_rate=0.03)
    run_session(tmp_path, Mark("p", "ours", 0.0, impatient, 0.0))
    (row,) = table.read(tmp_path / "fig.csv")
    assert row.epochs is not None
    assert row.best_epoch is not None
    assert row.epochs == row.best_epoch + 1 < 40


def test_missing_data_are_refused_before_the_sweep_starts(tmp_path: Path) -> None:
    lines: list[str] = []
    figure = Figure("fig", "a figure", "x", (Mark("p", "ours", 0.0, qml_ib_trial(0, data="mnist"), 0.0),))
    with pytest.raises(DataError, match=str(tmp_path)):
        SweepSession(tmp_path / "results", [figure], 1, tmp_path, lines.append).run()
    assert list(tmp_path.iterdir()) == []  # there is no folder, and no worker was started


def test_two_sessions_in_one_folder_are_refused(tmp_path: Path) -> None:
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ConfigError, match=f"another .* is working in {tmp_path}"):
            run_session(tmp_path, *marks())
