"""The figures of QML-IB as lists of trials."""

import pytest

from splitwave.experiments.paper.preset import PRESETS, Preset, preset_named
from splitwave.experiments.paper.qml_ib import FIGURES, QML_IB_ALL_SAMPLES
from splitwave.experiments.sweep.figure import Figure
from splitwave.experiments.trials.qml_ib import resolve
from splitwave.experiments.trials.trial import QmlIbTrial
from splitwave.experiments.vddib_sr.settings import THRESHOLDS

ALL = [(preset, name) for preset in PRESETS for name in FIGURES]


@pytest.fixture(name="figure", params=ALL, ids="-".join)
def _figure(request: pytest.FixtureRequest) -> Figure:
    preset, name = request.param
    return FIGURES[name](preset_named(preset), 2)


def test_every_mark_refers_to_a_measurement_of_its_trial(figure: Figure) -> None:
    assert figure.marks
    for mark in figure.marks:
        assert mark.psnr_db in mark.trial.test_psnr_db
        assert mark.threshold in THRESHOLDS


def test_the_settings_of_every_qml_ib_training_are_valid(figure: Figure) -> None:
    for trial in figure.trials:
        if isinstance(trial, QmlIbTrial):
            config = resolve(trial)
            assert config.payload_bits_per_sample == trial.symbols * config.bits_per_symbol
            assert config.data.validation == trial.validation


def test_samples_are_held_out_except_in_one_curve_of_table_1(figure: Figure) -> None:
    all_used = {mark.curve for mark in figure.marks if mark.trial.validation == 0}
    assert all_used == ({QML_IB_ALL_SAMPLES} if figure.name == "table1" else set())


def test_the_test_split_is_unused_only_if_settings_are_being_chosen(figure: Figure) -> None:
    looked = {trial.test for trial in figure.trials if isinstance(trial, QmlIbTrial)}
    assert looked in ({figure.error == "test_error"}, set())


def paper() -> Preset:
    return preset_named("paper")


def test_figures_share_trials_at_common_points() -> None:
    trials = {name: set(make(paper(), 3).trials) for name, make in FIGURES.items()}
    assert trials["retransmission"] <= trials["fig2a"]
    for name in ("fig2b", "fig2c", "fig3", "fig4", "bounds"):
        assert trials[name] & trials["fig2a"], name


def test_the_number_of_trainings_is_proportional_to_the_number_of_seeds() -> None:
    for name in ("fig2a", "fig2b", "fig2c", "fig3", "fig4"):
        one, three = (FIGURES[name](paper(), seeds).trials for seeds in (1, 3))
        assert len(three) == 3 * len(one)


def test_figure_2a_has_the_parameters_of_the_paper() -> None:
    trials = FIGURES["fig2a"](paper(), 1).trials
    assert {trial.links for trial in trials} == {2}
    assert {trial.symbols for trial in trials} == {6, 8, 16, 32, 57}
    assert {trial.psnr_db for trial in trials} == {10.0, None}
    assert {trial.overlap for trial in trials} == {0.0}


def test_a_baseline_on_an_ideal_link_is_also_tested_over_noise() -> None:
    curves = {mark.curve for mark in FIGURES["fig2a"](paper(), 1).marks}
    for bits in ("1 bit", "unquantized"):
        for link in ("ideal link", "trained without noise", "trained with noise"):
            assert f"VDDIB-SR, {bits}, {link}" in curves
