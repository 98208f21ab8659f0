"""Sums an epoch's micro-batches into its record."""

from collections.abc import Sequence

from splitwave.basestation.learning.trainer import MicroBatchResult
from splitwave.common.records.results import EpochRecord


class EpochMeter:
    """Means over one epoch: distortion and training error."""

    def __init__(self) -> None:
        self._distortion = 0.0
        self._errors = 0.0
        self._noisy_samples = 0
        self._samples = 0

    def add(self, result: MicroBatchResult, samples: int) -> None:
        """Count one micro-batch of `samples` samples."""
        self._distortion += result.distortion
        self._errors += result.errors
        self._noisy_samples += result.count
        self._samples += samples

    def record(
        self, epoch: int, step: int, seconds: float, *, rate_nats: Sequence[float], validation_error: float | None
    ) -> EpochRecord:
        """The epoch's record, after `seconds` of training, with the rate a sample that each link reported."""
        return EpochRecord(
            epoch=epoch,
            step=step,
            distortion=self._distortion / self._noisy_samples,
            rate_nats=tuple(rate_nats),
            training_error=self._errors / self._noisy_samples,
            validation_error=validation_error,
            samples_per_s=self._samples / seconds,
            seconds=seconds,
        )


def mean_samples_per_s(records: Sequence[EpochRecord]) -> float:
    """Training samples over training seconds of a whole run; 0 if it did not train."""
    seconds = sum(record.seconds for record in records)
    return sum(record.samples_per_s * record.seconds for record in records) / seconds if seconds else 0.0
