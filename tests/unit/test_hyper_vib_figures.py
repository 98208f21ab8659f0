"""Hyper-VIB's figure as trials, and one of each carried out."""

import pytest

from experiments.paper.hyper_vib import BETAS, FIGURES, HYPER_VIB, VIB
from experiments.paper.preset import preset_named
from experiments.sweep.figure import rows
from experiments.sweep.provenance import Provenance
from experiments.sweep.trial import VibTrial
from experiments.sweep.vib import carry_out, resolve


def trials_of(preset: str, seeds: int = 1) -> list[VibTrial]:
    trials = FIGURES["hyper_vib"](preset_named(preset), seeds).trials
    assert all(isinstance(trial, VibTrial) for trial in trials)
    return [trial for trial in trials if isinstance(trial, VibTrial)]


def test_one_training_of_hyper_vib_stands_against_one_of_vib_at_each_beta() -> None:
    trials = trials_of("paper", seeds=3)
    assert len(trials) == 3 * (11 + 1)
    assert sorted({trial.beta for trial in trials if trial.method == "vib"}) == pytest.approx(list(BETAS))
    assert (BETAS[0], BETAS[-1]) == pytest.approx((1e-5, 1.0))
    assert {trial.test_betas for trial in trials if trial.method == "hyper-vib"} == {BETAS}


def test_both_are_the_same_run_but_for_what_is_an_input() -> None:
    hyper, plain = (
        next(trial for trial in trials_of("paper") if trial.method == method) for method in ("hyper-vib", "vib")
    )
    assert resolve(hyper).conditions == 1
    assert resolve(plain).conditions == 0
    same = {"hypernetwork", "training"}
    assert resolve(hyper).model_dump(exclude=same) == resolve(plain).model_dump(exclude=same)
    assert resolve(hyper).training.epochs < 0.12 * 11 * resolve(plain).training.epochs


def test_a_trained_network_is_measured_at_each_beta_that_it_is_told() -> None:
    trial = next(trial for trial in trials_of("smoke") if trial.method == "hyper-vib")
    outcome = carry_out(trial.model_copy(update={"epochs": 2}), None, Provenance("abc", "a core"))
    assert [measured.beta for measured in outcome.measurements] == list(BETAS)
    errors = [measured.test_error for measured in outcome.measurements]
    assert all(error is not None and 0.02 < error < 0.5 for error in errors)
    assert len(set(errors)) > 1  # what it is told changes its answers


def test_rows_name_beta_and_method() -> None:
    figure = FIGURES["hyper_vib"](preset_named("smoke"), 1)
    trial = next(trial for trial in trials_of("smoke") if trial.method == "vib" and trial.beta == BETAS[4])
    outcome = carry_out(trial.model_copy(update={"epochs": 1}), None, Provenance("abc", "a core"))
    (row,) = rows(figure, [outcome.model_copy(update={"trial": trial})])
    assert (row.curve, row.method, row.x, row.beta, row.backbone) == (VIB, "vib", BETAS[4], BETAS[4], "vib")
    assert HYPER_VIB in {mark.curve for mark in figure.marks}
