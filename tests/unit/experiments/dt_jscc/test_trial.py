"""DT-JSCC as a trial of a sweep, beside QML-IB in digital mode."""

from typing import Any

import pytest

from splitwave.experiments.paper.digital import AMPLITUDES, AS_BITS, FIGURES
from splitwave.experiments.paper.preset import preset_named
from splitwave.experiments.sweep.table import Row
from splitwave.experiments.trials import dt_jscc, qml_ib
from splitwave.experiments.trials.cost import expected_seconds
from splitwave.experiments.trials.provenance import Provenance
from splitwave.experiments.trials.resolved import resolve
from splitwave.experiments.trials.trial import DtJsccTrial, QmlIbTrial
from splitwave.experiments.vddib_sr.settings import Schedule

HERE = Provenance("abc", "a core")


def trial_of(**more: Any) -> DtJsccTrial:
    settings: dict[str, Any] = {
        "backbone": "linear",
        "data": "mnist5k",
        "links": 2,
        "test_psnr_db": (0.0, 30.0),
        "validation": 500,
        "seed": 0,
        "symbols": 4,
        "modulation": "16-qam",
        "psnr_db": 20.0,
        "entropy_weight": 1e-3,
        "temperature": 0.5,
        "schedule": Schedule(epochs=1, batch_size=100),
    }
    return DtJsccTrial(**settings | more)


def test_a_trial_is_measured_at_each_psnr_and_has_a_row() -> None:
    trial = trial_of()
    outcome = dt_jscc.run_trial(trial, None, HERE)
    noisy, clear = outcome.measurements
    assert clear.test_error is not None
    assert noisy.test_error is not None
    assert 0 < clear.test_error < noisy.test_error < 1
    assert clear.payload_bits == 32.0
    assert clear.airtime_ms == pytest.approx(4 / 9.6)
    assert outcome == outcome.model_validate_json(outcome.model_dump_json())
    row = Row.of("p", "c", 1.0, outcome, clear)
    assert (row.method, row.symbols, row.bits, row.breakpoints) == ("dt-jscc", 4, 4, None)
    assert (row.trained_psnr_db, row.tested_psnr_db, row.batch_size) == ("20", "30", 100)
    assert expected_seconds([trial], [outcome]) == pytest.approx(outcome.seconds)


def test_settings_of_a_trial_are_those_of_its_training() -> None:
    settings = resolve(trial_of(symbols=7, seed=3))
    assert (settings["symbols"], settings["seed"], settings["modulation"]) == (7, 3, "16-qam")
    assert trial_of().key != trial_of(seed=1).key


@pytest.mark.parametrize("name", FIGURES)
def test_all_curves_of_a_point_have_equal_symbols_and_bits(name: str) -> None:
    figure = FIGURES[name](preset_named("paper"), 2)
    points: dict[tuple[float | None, int], set[tuple[int, float]]] = {}
    for mark in figure.marks:
        assert mark.psnr_db in mark.trial.test_psnr_db
        airtime = (
            qml_ib.resolve(mark.trial).airtime_s if isinstance(mark.trial, QmlIbTrial) else mark.trial.symbols / 9600
        )
        points.setdefault((mark.x, mark.trial.seed), set()).add((mark.trial.symbols, airtime))
    assert all(len(costs) == 1 for costs in points.values())
    curves = {mark.curve for mark in figure.marks}
    assert curves == {AMPLITUDES, AS_BITS, "DT-JSCC, 16-PSK", "DT-JSCC, 16-QAM"}


def test_amplitudes_and_bits_of_qml_ib_differ_in_their_channel_alone() -> None:
    figure = FIGURES["digital_latency"](preset_named("smoke"), 1)
    of_curve = {mark.curve: mark.trial for mark in figure.marks}
    plain, digital = of_curve[AMPLITUDES], of_curve[AS_BITS]
    assert isinstance(plain, QmlIbTrial)
    assert isinstance(digital, QmlIbTrial)
    assert digital.key != plain.key
    assert digital.model_copy(update={"digital": None}) == plain
    assert qml_ib.resolve(digital).channel.digital.modulation == "16-qam"
    assert qml_ib.resolve(plain).channel.digital.modulation is None
