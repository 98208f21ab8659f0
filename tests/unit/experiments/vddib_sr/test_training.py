"""All phases on a small problem: two views of two pixels; the class is given by the brightest pixel of each view."""

import copy

import pytest
import torch
from torch import Tensor, nn

from splitwave.common.errors import RunFailedError
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.phases import Phase as Pass
from splitwave.common.records.checkpoint import weights_sha256
from splitwave.experiments.vddib_sr.channel import SymbolChannel
from splitwave.experiments.vddib_sr.encoding import Trained, train_encoding
from splitwave.experiments.vddib_sr.evaluation import BLOCK, predict
from splitwave.experiments.vddib_sr.extraction import Extraction, extract
from splitwave.experiments.vddib_sr.phase import Phase, RunPosition, Score, learning_rate
from splitwave.experiments.vddib_sr.samples import Samples
from splitwave.experiments.vddib_sr.settings import EncodingSettings, ExtractionSettings, Schedule, Settings

SCHEDULE = Schedule(epochs=3, batch_size=50, learning_rate=2e-2)
SETTINGS = Settings(
    seed=3,
    extraction=ExtractionSettings(extractor="linear", features=4, schedule=SCHEDULE),
    encoding=EncodingSettings(first=2, second=2, decoder_widths=(16, 16), encode=SCHEDULE, finetune=SCHEDULE),
)


def samples(count: int, seed: int) -> Samples:
    views = torch.rand(2, count, 2, generator=torch.Generator().manual_seed(seed))
    brightest = views.argmax(dim=2)
    return Samples(tuple(views), 2 * brightest[0] + brightest[1])


TRAIN, VALIDATION = samples(1000, 1), samples(500, 2)


def with_encoding(**changes: object) -> Settings:
    return SETTINGS.model_copy(update={"encoding": SETTINGS.encoding.model_copy(update=changes)})


@pytest.fixture(scope="module")
def extraction() -> Extraction:
    return extract(SETTINGS, TRAIN, VALIDATION)


@pytest.fixture(scope="module")
def trained(extraction: Extraction) -> Trained:
    return train_encoding(SETTINGS, extraction, TRAIN, VALIDATION)


def digests(extraction: Extraction) -> list[str]:
    return [weights_sha256(extractor) for extractor in extraction.extractors]


def test_one_view_does_not_determine_the_class_but_both_together_do(extraction: Extraction, trained: Trained) -> None:
    """A view has one of two independent fair bits, so at best half of its guesses are right, within 5/√(4·500)."""
    assert all(report.best.error_rate > 0.5 - 5 / (4 * 500) ** 0.5 for report in extraction.reports)
    assert trained.finetune.best.error_rate < 0.1


def test_equal_seeds_give_equal_weights_and_different_seeds_different_ones(
    extraction: Extraction, trained: Trained
) -> None:
    again = extract(SETTINGS, TRAIN, VALIDATION)
    assert digests(again) == digests(extraction)
    repeated = train_encoding(SETTINGS, again, TRAIN, VALIDATION)
    assert weights_sha256(repeated.network) == weights_sha256(trained.network)
    other = SETTINGS.model_copy(update={"seed": 4})
    assert digests(extract(other, TRAIN, VALIDATION)) != digests(extraction)


def test_several_encodings_share_phase_1_without_changing_it(extraction: Extraction) -> None:
    before = digests(extraction)
    train_encoding(with_encoding(finetune=Schedule(epochs=1, batch_size=100)), extraction, TRAIN, VALIDATION)
    assert digests(extraction) == before


def test_phase_2_freezes_the_extractors_and_phase_3_trains_them(extraction: Extraction, trained: Trained) -> None:
    only_2 = train_encoding(with_encoding(finetune=Schedule(epochs=0)), extraction, TRAIN, VALIDATION)
    assert [weights_sha256(extractor) for extractor in only_2.network.extractors] == digests(extraction)
    assert only_2.encode.scores == trained.encode.scores
    fresh = trained.finetune.best_epoch > 0
    assert ([weights_sha256(e) for e in trained.network.extractors] != digests(extraction)) is fresh


def test_the_returned_network_is_that_of_the_best_epoch(trained: Trained) -> None:
    score = predict(trained.network, VALIDATION, SymbolChannel(3, 2, None), Pass.VALIDATION).score
    assert score == trained.finetune.best == min(trained.finetune.scores)
    assert trained.finetune.best <= trained.encode.best


def test_training_over_a_noisy_link_is_validated_over_the_same_link(extraction: Extraction) -> None:
    settings = with_encoding(psnr_db=0.0, finetune=Schedule(epochs=0))
    noisy = train_encoding(settings, extraction, TRAIN, VALIDATION)
    score = predict(noisy.network, VALIDATION, SymbolChannel(3, 2, 0.0), Pass.VALIDATION).score
    assert score == noisy.encode.best
    assert score != predict(noisy.network, VALIDATION, SymbolChannel(3, 2, None), Pass.VALIDATION).score


def test_evaluation_in_blocks_equals_evaluation_at_once(trained: Trained) -> None:
    many = samples(2 * BLOCK + 7, 5)
    predictions = predict(trained.network, many, SymbolChannel(3, 2, None), Pass.TEST)
    with torch.no_grad():
        expected = trained.network.codec.decode_second(trained.network.send(many.views))
    torch.testing.assert_close(predictions.second, expected)
    assert predictions.score.error_rate == (predictions.second.argmax(dim=1) != many.labels).double().mean().item()


class _Counter(nn.Module):
    """A module with one weight, which the loss increases at a constant rate; the test prescribes its scores."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))


def run_phase(errors: list[float], factor: float = -1.0) -> tuple[_Counter, int, list[Tensor]]:
    module, weights, remaining = _Counter(), list[Tensor](), iter(errors)

    def score() -> Score:
        weights.append(copy.deepcopy(module.weight.detach()))
        return Score(next(remaining), 0.0)

    def loss(_ids: Int64, _step: int) -> Tensor:
        return factor * module.weight

    schedule = Schedule(epochs=len(errors) - 1, batch_size=2)
    report = Phase(module, loss, score, 4, 0, schedule, RunPosition(0, 0)).run()
    return module, report.best_epoch, weights


@pytest.mark.parametrize(("errors", "best"), [([0.9, 0.2, 0.1, 0.3], 2), ([0.1, 0.2, 0.3], 0), ([0.5, 0.2, 0.2], 1)])
def test_a_phase_keeps_its_earliest_best_epoch_or_its_start(errors: list[float], best: int) -> None:
    module, best_epoch, weights = run_phase(errors)
    assert best_epoch == best
    assert torch.equal(module.weight, weights[best])
    assert len(set(map(float, weights))) == len(weights)


def test_diverging_training_is_named() -> None:
    with pytest.raises(RunFailedError, match="loss of epoch 0 is nan"):
        run_phase([0.1, 0.2], factor=float("nan"))


def test_phases_follow_each_other_without_sharing_an_epoch_or_a_step() -> None:
    phase = Phase(
        _Counter(), lambda _ids, _step: torch.zeros(()), lambda: Score(0, 0), 101, 0, SCHEDULE, RunPosition(5, 40)
    )
    assert phase.end == RunPosition(5 + 3, 40 + 3 * 3)


def test_the_learning_rate_falls_along_half_a_cosine() -> None:
    rates = [learning_rate(SCHEDULE, step, 11) for step in range(11)]
    assert rates[0] == pytest.approx(2e-2)
    assert rates[-1] == pytest.approx(1e-5)
    assert rates[5] == pytest.approx((2e-2 + 1e-5) / 2)
    assert rates == sorted(rates, reverse=True)
