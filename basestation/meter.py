"""Sums an epoch's micro-batches into its record."""

from collections.abc import Sequence

from basestation.trainer import MicroBatchResult
from common.results import EpochRecord


class EpochMeter:
    """Means over one epoch: distortion, training error and each link's rate."""

    def __init__(self, links: int) -> None:
        self._distortion = 0.0
        self._errors = 0.0
        self._noisy_samples = 0
        self._samples = 0
        self._rate_nats = [0.0] * links

    def add(self, result: MicroBatchResult, samples: int, rates_nats: Sequence[float]) -> None:
        """Count one micro-batch of `samples` samples, with the rate a sample that each link reported."""
        self._distortion += result.distortion
        self._errors += result.errors
        self._noisy_samples += result.count
        self._samples += samples
        for link, rate in enumerate(rates_nats):
            self._rate_nats[link] += rate * samples

    def record(self, epoch: int, step: int, seconds: float, validation_error: float | None) -> EpochRecord:
        """The epoch's record, after `seconds` of training."""
        return EpochRecord(
            epoch=epoch,
            step=step,
            distortion=self._distortion / self._noisy_samples,
            rate_nats=tuple(rate / self._samples for rate in self._rate_nats),
            training_error=self._errors / self._noisy_samples,
            validation_error=validation_error,
            samples_per_s=self._samples / seconds,
            seconds=seconds,
        )


def mean_samples_per_s(records: Sequence[EpochRecord]) -> float:
    """Training samples over training seconds of a whole run; 0 if it did not train."""
    seconds = sum(record.seconds for record in records)
    return sum(record.samples_per_s * record.seconds for record in records) / seconds if seconds else 0.0
