"""The trials of Hyper-VIB's figures, and the outcome of one trial of each method."""

import pytest

from splitwave.experiments.paper.hyper_vib import BETAS, FIGURES, HYPER_QML_IB_BETAS, VIB
from splitwave.experiments.paper.preset import preset_named
from splitwave.experiments.sweep.figure import rows
from splitwave.experiments.trials.provenance import Provenance
from splitwave.experiments.trials.trial import QmlIbTrial, VibTrial
from splitwave.experiments.trials.vib import resolve, run_trial

COMPARISONS = ("hyper_vib", "hyper_vib_bluetooth", "hyper_vib_wifi")


def trials_of(preset: str, seeds: int = 1, name: str = "hyper_vib") -> list[VibTrial]:
    trials = FIGURES[name](preset_named(preset), seeds).trials
    assert all(isinstance(trial, VibTrial) for trial in trials)
    return [trial for trial in trials if isinstance(trial, VibTrial)]


@pytest.mark.parametrize("name", COMPARISONS)
def test_one_training_of_hyper_vib_is_compared_with_one_of_vib_at_each_beta(name: str) -> None:
    trials = trials_of("paper", 3, name)
    assert len(trials) == 3 * (11 + 1)
    assert sorted({trial.beta for trial in trials if trial.method == "vib"}) == pytest.approx(list(BETAS))
    assert (BETAS[0], BETAS[-1]) == pytest.approx((1e-5, 1.0))
    assert {trial.test_betas for trial in trials if trial.method == "hyper-vib"} == {BETAS}


@pytest.mark.parametrize("name", COMPARISONS)
def test_both_methods_have_the_same_settings_except_for_conditioning(name: str) -> None:
    trials = trials_of("paper", name=name)
    hyper, plain = (next(trial for trial in trials if trial.method == method) for method in ("hyper-vib", "vib"))
    assert resolve(hyper).conditions == 1
    assert resolve(plain).conditions == 0
    same = {"hypernetwork", "training"}
    assert resolve(hyper).model_dump(exclude=same) == resolve(plain).model_dump(exclude=same)
    assert resolve(hyper).training.epochs < 0.12 * 11 * resolve(plain).training.epochs
    low, high = resolve(hyper).hypernetwork.beta or (1.0, 0.0)
    assert low <= BETAS[0] < BETAS[-1] <= high


def test_one_hyper_qml_ib_training_is_compared_with_one_model_per_psnr() -> None:
    figure = FIGURES["hyper_qml_ib"](preset_named("paper"), 2)
    own = [mark for mark in figure.marks if isinstance(mark.trial, QmlIbTrial)]
    one = [mark for mark in figure.marks if isinstance(mark.trial, VibTrial)]
    assert len({mark.trial for mark in own}) == 2 * 5
    assert len({mark.trial for mark in one}) == 2
    assert {(mark.x, mark.trial.seed, mark.beta) for mark in one} == {
        (mark.x, mark.trial.seed, beta) for mark in own for beta in HYPER_QML_IB_BETAS
    }
    for mark in one:
        assert mark.psnr_db == mark.x
        assert isinstance(mark.trial, VibTrial)
        config = resolve(mark.trial)
        assert (config.conditions, config.links, config.quantizer.breakpoints) == (2, 2, 15)


@pytest.mark.e2e
def test_the_error_of_delays_is_measured_in_squared_nanoseconds() -> None:
    trial = next(trial for trial in trials_of("smoke", name="hyper_vib_bluetooth") if trial.method == "hyper-vib")
    outcome = run_trial(trial.model_copy(update={"epochs": 1, "test_betas": (1e-5, 1.0)}), None, Provenance("a", "b"))
    small, large = (measured.test_error for measured in outcome.measurements)
    assert small is not None
    assert large is not None
    assert 1.0 < small < 100.0 < large < 900.0  # the variance of the delays is 780 ns²


def test_a_conditioned_network_is_measured_at_each_test_beta() -> None:
    trial = next(trial for trial in trials_of("smoke") if trial.method == "hyper-vib")
    outcome = run_trial(trial.model_copy(update={"epochs": 2}), None, Provenance("abc", "a core"))
    assert [measured.beta for measured in outcome.measurements] == list(BETAS)
    errors = [measured.test_error for measured in outcome.measurements]
    assert all(error is not None and 0.02 < error < 0.5 for error in errors)
    assert len(set(errors)) > 1  # the answers depend on β


def test_rows_include_beta_and_method() -> None:
    figure = FIGURES["hyper_vib"](preset_named("smoke"), 1)
    trial = next(trial for trial in trials_of("smoke") if trial.method == "vib" and trial.beta == BETAS[4])
    outcome = run_trial(trial.model_copy(update={"epochs": 1}), None, Provenance("abc", "a core"))
    (row,) = rows(figure, [outcome.model_copy(update={"trial": trial})])
    assert (row.curve, row.method, row.x, row.beta, row.backbone) == (VIB, "vib", BETAS[4], BETAS[4], "vib")
