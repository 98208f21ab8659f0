"""Selective retransmission at inference: round 2 is sent only for samples on which decoder 1 is unsure."""

from collections.abc import Sequence
from dataclasses import dataclass

from splitwave.experiments.vddib_sr.evaluation import Predictions
from splitwave.experiments.vddib_sr.settings import BAUD, THRESHOLDS, EncodingSettings
from splitwave.experiments.vddib_sr.symbols import payload_bits


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """The error and the cost at one threshold.

    Attributes:
        threshold: round 2 is sent if decoder 1's largest probability is below this.
        ratio: share of samples with round 2.
        error_rate: share of wrong classes, using round 1 alone if round 2 is not sent.
        bits: mean bits per sample over all links, K·(d1 + d2·ratio)·n.
        latency_s: mean latency per sample, (d1 + d2·ratio) / 9,600 baud on parallel links; the feedback that requests
            round 2 counts as free, which favours the baseline.
    """

    threshold: float
    ratio: float
    error_rate: float
    bits: float
    latency_s: float


def sweep(
    predictions: Predictions, links: int, encoding: EncodingSettings, thresholds: Sequence[float] = THRESHOLDS
) -> list[OperatingPoint]:
    """Compute one operating point per threshold; round 2 is sent by all views of a sample or by none."""
    return [_at(threshold, predictions, links, encoding) for threshold in thresholds]


def _at(threshold: float, predictions: Predictions, links: int, encoding: EncodingSettings) -> OperatingPoint:
    again = predictions.confidence < threshold
    ratio = again.double().mean().item()
    symbols = encoding.first + encoding.second * ratio
    return OperatingPoint(
        threshold=threshold,
        ratio=ratio,
        error_rate=predictions.error_rate(again),
        bits=links * symbols * payload_bits(encoding.bits),
        latency_s=symbols / BAUD,
    )
