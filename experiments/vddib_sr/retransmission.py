"""Selective retransmission at inference: round 2 only for samples that decoder 1 is unsure of."""

from collections.abc import Sequence
from dataclasses import dataclass

from splitwave.experiments.vddib_sr.evaluation import Predictions
from splitwave.experiments.vddib_sr.settings import BAUD, THRESHOLDS, EncodingSettings
from splitwave.experiments.vddib_sr.symbols import payload_bits


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a threshold costs and gives.

    Attributes:
        threshold: round 2 is sent where decoder 1's largest probability is below it.
        ratio: share of samples with round 2.
        error_rate: share of wrong classes, round 1's where round 2 is not sent.
        bits: a sample over all links, K·(d1 + d2·ratio)·n, mean.
        latency_s: of a sample, (d1 + d2·ratio) / 9,600 baud on each of the parallel links, mean; the feedback
            that asks for round 2 is taken as free, which favours the baseline.
    """

    threshold: float
    ratio: float
    error_rate: float
    bits: float
    latency_s: float


def sweep(
    answers: Predictions, links: int, encoding: EncodingSettings, thresholds: Sequence[float] = THRESHOLDS
) -> list[OperatingPoint]:
    """The trade between bits and error, a point a threshold; all views of a sample send round 2, or none."""
    return [_at(threshold, answers, links, encoding) for threshold in thresholds]


def _at(threshold: float, answers: Predictions, links: int, encoding: EncodingSettings) -> OperatingPoint:
    again = answers.confidence < threshold
    ratio = again.double().mean().item()
    symbols = encoding.first + encoding.second * ratio
    return OperatingPoint(
        threshold=threshold,
        ratio=ratio,
        error_rate=answers.error_rate(again),
        bits=links * symbols * payload_bits(encoding.bits),
        latency_s=symbols / BAUD,
    )
