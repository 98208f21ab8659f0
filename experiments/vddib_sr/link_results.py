"""Carries out one training for a sweep, and returns errors, costs and operating points for each test link."""

from collections.abc import Sequence
from dataclasses import dataclass

from splitwave.common.protocol.phases import Phase
from splitwave.experiments.vddib_sr.channel import SymbolChannel
from splitwave.experiments.vddib_sr.encoding import Trained, train_encoding
from splitwave.experiments.vddib_sr.evaluation import predict
from splitwave.experiments.vddib_sr.network import VddibSr
from splitwave.experiments.vddib_sr.retransmission import OperatingPoint, sweep
from splitwave.experiments.vddib_sr.samples import Samples
from splitwave.experiments.vddib_sr.settings import Settings
from splitwave.experiments.vddib_sr.shared import SharedWork


@dataclass(frozen=True, slots=True)
class SplitErrors:
    """The errors of a network on one split over one link, as shares of wrong classes.

    Attributes:
        first_error_rate: error with round 1 alone.
        error_rate: error with both rounds of every sample.
        points: with round 2 only if decoder 1 is unsure: one point per threshold, in the same order for both splits.
    """

    first_error_rate: float
    error_rate: float
    points: tuple[OperatingPoint, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """The speed of a training, and its best epoch.

    Attributes:
        samples_per_s: training samples per CPU second in phase 3, including validation passes; 0 without epochs. With
            one torch thread, this is the rate of one core.
        best_epoch: the best epoch of phase 3, from 1; 0 if the weights of phase 2 were the best.
    """

    samples_per_s: float
    best_epoch: int


@dataclass(frozen=True, slots=True)
class LinkResult:
    """The results of a training over one test link with this PSNR in dB, or ideal if None.

    Choose a threshold by `validation.points`; the corresponding entry of `test.points` has its test error.
    """

    psnr_db: float | None
    validation: SplitErrors
    test: SplitErrors
    cost: Cost


def train_and_measure(settings: Settings, psnrs_db: Sequence[float | None], work: SharedWork) -> list[LinkResult]:
    """Train all phases over the link `settings.encoding.psnr_db`, then evaluate over each test link.

    All choices are made on the held-out samples over the training link. The test split is read only after all
    training, and evaluated once per test link.

    Args:
        settings: settings of the training.
        psnrs_db: PSNRs of the test links in dB, or None for an ideal link.
        work: the data, and results of earlier trainings that this one shares.

    Raises:
        DataError: the data are missing or damaged, or have no classes.
        RunFailedError: the training diverged.
    """
    extraction = work.extraction(settings)
    train, validation = work.training(settings)
    trained = train_encoding(settings, extraction, train, validation)
    cost = _cost(settings, trained, len(train))
    chosen_by = [_errors(settings, trained.network, validation, psnr_db, Phase.VALIDATION) for psnr_db in psnrs_db]
    test = work.test(settings)
    tested = [_errors(settings, trained.network, test, psnr_db, Phase.TEST) for psnr_db in psnrs_db]
    return [LinkResult(*result, cost) for result in zip(psnrs_db, chosen_by, tested, strict=True)]


def _errors(settings: Settings, network: VddibSr, samples: Samples, psnr_db: float | None, phase: Phase) -> SplitErrors:
    predictions = predict(network, samples, SymbolChannel(settings.seed, settings.links, psnr_db), phase)
    points = tuple(sweep(predictions, settings.links, settings.encoding))
    return SplitErrors(predictions.first_error_rate, predictions.score.error_rate, points)


def _cost(settings: Settings, trained: Trained, samples: int) -> Cost:
    return Cost(
        samples_per_s=samples * settings.encoding.finetune.epochs / trained.finetune.seconds,
        best_epoch=trained.finetune.best_epoch,
    )
