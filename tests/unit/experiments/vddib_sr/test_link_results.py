"""`train_and_measure` on the embedded digits, with networks small enough to train in a second."""

from pathlib import Path

import pytest

from splitwave.common.data.dataset import Split
from splitwave.common.protocol.phases import Phase
from splitwave.experiments.vddib_sr import link_results, shared
from splitwave.experiments.vddib_sr.channel import SymbolChannel
from splitwave.experiments.vddib_sr.encoding import train_encoding
from splitwave.experiments.vddib_sr.evaluation import Predictions, predict
from splitwave.experiments.vddib_sr.link_results import LinkResult, SplitErrors, train_and_measure
from splitwave.experiments.vddib_sr.network import VddibSr
from splitwave.experiments.vddib_sr.retransmission import sweep
from splitwave.experiments.vddib_sr.samples import Samples, load_samples
from splitwave.experiments.vddib_sr.settings import EncodingSettings, ExtractionSettings, Schedule, Settings
from splitwave.experiments.vddib_sr.shared import SharedWork

SCHEDULE = Schedule(epochs=2, batch_size=200, learning_rate=1e-2)
SETTINGS = Settings(
    data="mnist5k",
    validation=500,
    extraction=ExtractionSettings(extractor="linear", features=8, schedule=SCHEDULE),
    encoding=EncodingSettings(
        first=3, second=2, bits=2, psnr_db=10.0, decoder_widths=(16, 16), encode=SCHEDULE, finetune=SCHEDULE
    ),
)
LINKS = (None, 10.0, -5.0)


@pytest.fixture(scope="module")
def work() -> SharedWork:
    return SharedWork(None)


@pytest.fixture(scope="module")
def results(work: SharedWork) -> list[LinkResult]:
    return train_and_measure(SETTINGS, LINKS, work)


def errors(results: list[LinkResult]) -> list[tuple[SplitErrors, SplitErrors]]:
    return [(result.validation, result.test) for result in results]


def test_the_result_equals_that_of_the_phases_carried_out_separately(
    work: SharedWork, results: list[LinkResult]
) -> None:
    train, validation = work.training(SETTINGS)
    trained = train_encoding(SETTINGS, work.extraction(SETTINGS), train, validation)
    assert [result.psnr_db for result in results] == list(LINKS)
    assert results[1].validation.error_rate == trained.finetune.best.error_rate
    for result in results:
        predictions = predict(trained.network, work.test(SETTINGS), SymbolChannel(0, 2, result.psnr_db), Phase.TEST)
        assert result.test.error_rate == predictions.score.error_rate
        assert result.test.first_error_rate == predictions.first_error_rate
        assert list(result.test.points) == sweep(predictions, 2, SETTINGS.encoding)


def test_the_two_splits_have_the_same_thresholds_from_round_1_alone_to_both_rounds(results: list[LinkResult]) -> None:
    for result in results:
        for split in (result.validation, result.test):
            assert split.points[0].error_rate == split.first_error_rate
            assert split.points[-1].error_rate == split.error_rate
        thresholds = [[point.threshold for point in split.points] for split in (result.validation, result.test)]
        assert thresholds[0] == thresholds[1]


def test_a_noisier_link_costs_errors(results: list[LinkResult]) -> None:
    """At −5 dB, the noise is 1.8 times the amplitude of the symbols."""
    assert results[2].test.error_rate > results[0].test.error_rate + 0.1


def test_results_do_not_depend_on_cached_data_of_earlier_trainings(work: SharedWork, results: list[LinkResult]) -> None:
    train_and_measure(
        SETTINGS.model_copy(update={"encoding": EncodingSettings(encode=SCHEDULE, finetune=SCHEDULE)}), [], work
    )
    assert errors(train_and_measure(SETTINGS, LINKS, work)) == errors(results)
    assert errors(train_and_measure(SETTINGS, LINKS, SharedWork(None))) == errors(results)


def test_the_test_split_is_read_after_training_and_evaluated_once_per_link(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    happened: list[Split | Phase] = []

    def load(settings: Settings, split: Split, data_dir: Path | None) -> Samples:
        happened.append(split)
        return load_samples(settings, split, data_dir)

    def evaluate(network: VddibSr, samples: Samples, channel: SymbolChannel, phase: Phase) -> Predictions:
        happened.append(phase)
        return predict(network, samples, channel, phase)

    monkeypatch.setattr(shared, "load_samples", load)
    monkeypatch.setattr(link_results, "predict", evaluate)
    train_and_measure(SETTINGS, [None, 10.0], SharedWork(None))
    assert happened == [Phase.VALIDATION, Phase.VALIDATION, "test", Phase.TEST, Phase.TEST]


def test_both_rounds_cost_k_d_n_bits(results: list[LinkResult]) -> None:
    assert {result.test.points[-1].bits for result in results} == {2.0 * (3 + 2) * 2}


def test_the_speed_is_that_of_phase_3(work: SharedWork) -> None:
    only_2 = SETTINGS.encoding.model_copy(update={"finetune": Schedule(epochs=0)})
    (result,) = train_and_measure(SETTINGS.model_copy(update={"encoding": only_2}), [None], work)
    assert result.cost.samples_per_s == 0
