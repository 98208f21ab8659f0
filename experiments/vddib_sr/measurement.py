"""One training as a sweep wants it: settings in; errors, costs and operating points out, a result a test link."""

from collections.abc import Sequence
from dataclasses import dataclass

from splitwave.common.protocol.phases import Phase
from splitwave.experiments.vddib_sr.channel import SymbolChannel
from splitwave.experiments.vddib_sr.encoding import Trained, train_encoding
from splitwave.experiments.vddib_sr.evaluation import answer
from splitwave.experiments.vddib_sr.extraction import Extraction
from splitwave.experiments.vddib_sr.network import VddibSr
from splitwave.experiments.vddib_sr.retransmission import OperatingPoint, sweep
from splitwave.experiments.vddib_sr.samples import Samples
from splitwave.experiments.vddib_sr.settings import Settings
from splitwave.experiments.vddib_sr.shared import SharedWork
from splitwave.experiments.vddib_sr.symbols import payload_bits


@dataclass(frozen=True, slots=True)
class SplitErrors:
    """A network's errors on one split over one link, as shares of wrong classes.

    Attributes:
        first_error_rate: with round 1 alone.
        error_rate: with both rounds of every sample.
        points: with round 2 where decoder 1 is unsure, a point a threshold; those of the two splits correspond.
    """

    first_error_rate: float
    error_rate: float
    points: tuple[OperatingPoint, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a training took, and what its network sends.

    Attributes:
        seconds: CPU time of all three phases, of phase 1 as if it were not shared.
        samples_per_s: training samples a second of CPU time in phase 3, validation passes included; 0 without epochs.
            With one torch thread, the rate of a core.
        best_epoch: of phase 3, from 1; 0 if phase 2's weights were the best.
        payload_bits: a sample over all links with both rounds, K·(d1 + d2)·n; 32 a symbol if unquantized.
    """

    seconds: float
    samples_per_s: float
    best_epoch: int
    payload_bits: int


@dataclass(frozen=True, slots=True)
class LinkResult:
    """A training's result over one test link, of that PSNR in dB, or ideal where it is None.

    A threshold is to be chosen by `validation.points`; `test.points` then says what it gives.
    """

    psnr_db: float | None
    validation: SplitErrors
    test: SplitErrors
    cost: Cost


def measure(settings: Settings, psnrs_db: Sequence[float | None], work: SharedWork) -> list[LinkResult]:
    """Train all phases, then report over each test link; the link trained on is `settings.encoding.psnr_db`.

    Every choice is made on the held-out samples, over the link trained on. The test split is read only after all
    training, and evaluated once a test link.

    Args:
        settings: of the training.
        psnrs_db: the test links, dB or None for the ideal one.
        work: holds the data folder, and what earlier trainings left that this one needs again.

    Raises:
        DataError: the data are missing or damaged, or have no classes.
        RunFailedError: the training diverged.
    """
    extraction = work.extraction(settings)
    train, validation = work.training(settings)
    trained = train_encoding(settings, extraction, train, validation)
    cost = _cost(settings, extraction, trained, len(train))
    chosen_by = [_errors(settings, trained.network, validation, psnr_db, Phase.VALIDATION) for psnr_db in psnrs_db]
    test = work.test(settings)
    tested = [_errors(settings, trained.network, test, psnr_db, Phase.TEST) for psnr_db in psnrs_db]
    return [LinkResult(*result, cost) for result in zip(psnrs_db, chosen_by, tested, strict=True)]


def _errors(settings: Settings, network: VddibSr, samples: Samples, psnr_db: float | None, phase: Phase) -> SplitErrors:
    answers = answer(network, samples, SymbolChannel(settings.seed, settings.links, psnr_db), phase)
    points = tuple(sweep(answers, settings.links, settings.encoding))
    return SplitErrors(answers.first_error_rate, answers.score.error_rate, points)


def _cost(settings: Settings, extraction: Extraction, trained: Trained, samples: int) -> Cost:
    encoding = settings.encoding
    reports = (*extraction.reports, trained.encode, trained.finetune)
    return Cost(
        seconds=sum(report.seconds for report in reports),
        samples_per_s=samples * encoding.finetune.epochs / trained.finetune.seconds,
        best_epoch=trained.finetune.best_epoch,
        payload_bits=settings.links * (encoding.first + encoding.second) * payload_bits(encoding.bits),
    )
