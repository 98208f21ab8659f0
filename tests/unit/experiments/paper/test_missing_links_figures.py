"""The error without some links: the trials of its figures, their names, and the measurement."""

from itertools import combinations
from statistics import fmean

import pytest

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.experiments.inprocess_run import InprocessRun
from splitwave.experiments.paper.figures import FIGURES
from splitwave.experiments.paper.missing_links import CHOSEN_DROPOUT, DROPOUTS
from splitwave.experiments.paper.preset import preset_named
from splitwave.experiments.trials.evaluation import measure_run, measure_without_links
from splitwave.experiments.trials.qml_ib import resolve
from splitwave.experiments.trials.trial import QmlIbTrial
from tests.integration.testbed import tiny_data

PAPER = preset_named("paper")


def test_four_links_are_trained_with_and_without_link_dropout() -> None:
    figure = FIGURES["missing_links"](PAPER, 3)
    trials = [trial for trial in figure.trials if isinstance(trial, QmlIbTrial)]
    assert {(trial.seed, trial.link_dropout) for trial in trials} == {
        (seed, dropout) for seed in range(3) for dropout in (0.0, CHOSEN_DROPOUT)
    }
    assert {resolve(trial).training.link_dropout for trial in trials} == {0.0, CHOSEN_DROPOUT}
    assert {resolve(trial).links for trial in trials} == {4}
    assert {(mark.x, mark.missing_links) for mark in figure.marks} == {(0, 0), (1, 1), (2, 2)}


def test_the_dropout_is_chosen_without_the_test_split() -> None:
    figure = FIGURES["link_dropout"](PAPER, 1)
    trials = [trial for trial in figure.trials if isinstance(trial, QmlIbTrial)]
    assert [trial.link_dropout for trial in trials] == list(DROPOUTS)
    assert (figure.error, {trial.test for trial in trials}) == ("validation_error", {False})


def test_the_trials_of_published_tables_keep_their_names() -> None:
    """The name of the first trial of `docs/results/qml-ib/fig2a.csv`."""
    assert "8de68e46d09383a0" in {trial.key for trial in FIGURES["fig2a"](PAPER, 1).trials}


@pytest.mark.parametrize("more", [{"link_dropout": 0.2}, {"missing_links": (1,)}])
def test_later_settings_give_a_trial_another_name(more: dict[str, object]) -> None:
    (trial, *_) = (trial for trial in FIGURES["fig2a"](PAPER, 1).trials if isinstance(trial, QmlIbTrial))
    assert trial.model_copy(update=more).key != trial.key


def test_the_error_without_links_is_the_mean_over_all_sets_of_as_many() -> None:
    config = RunConfig.model_validate(
        {"links": 3, "encoder": {"dimension": 6}, "data": {"validation": 6}, "training": {"epochs": 1, "batch_size": 8}}
    )
    data = tiny_data(3)
    run = InprocessRun(config, data.views, data.labels.train, data.labels.test)
    for _ in run.train(lambda _: None):
        pass
    before = measure_run(run, 20.0, validation=True, test=True)

    measured = measure_without_links(run, 20.0, 2, validation=True, test=True)

    errors = []
    for down in combinations(range(3), 2):
        settings = config.model_copy(
            update={
                "fusion": config.fusion.model_copy(update={"down": list(down)}),
                "channel": config.channel.model_copy(update={"psnr_db": 20.0}),
            }
        )
        run.retune(settings)
        errors.append(run.evaluate(Phase.TEST, 0, Symbols.HARD).error)
    assert measured.test_error == fmean(errors)
    assert (measured.missing_links, measured.psnr_db) == (2, 20.0)
    assert len(set(errors)) > 1
    run.retune(config)
    assert measure_run(run, 20.0, validation=True, test=True) == before
