"""Sums an epoch's micro-batches into its record."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from splitwave.basestation.fusion.block_collector import Arrival
from splitwave.basestation.learning.trainer import MicroBatchResult
from splitwave.basestation.run.decoding import Decoded, TrainedBlock
from splitwave.basestation.run.events import RunObserver
from splitwave.common.errors import CheckpointError
from splitwave.common.records.results import EpochRecord


@dataclass(slots=True)
class _Sums:
    distortion: float = 0.0
    errors: float = 0.0
    noisy_samples: int = 0
    samples: int = 0


class EpochMeter(RunObserver):
    """Means over one epoch at a time: distortion and training error."""

    def __init__(self) -> None:
        """No micro-batch is counted yet."""
        self._sums = _Sums()

    def add(self, result: MicroBatchResult, samples: int) -> None:
        """Count one micro-batch of `samples` samples."""
        sums = self._sums
        sums.distortion += result.distortion
        sums.errors += result.errors
        sums.noisy_samples += result.count
        sums.samples += samples

    def block_answered(self, arrival: Arrival, decoded: Decoded) -> None:
        """Count a training block."""
        if isinstance(decoded, TrainedBlock):
            self.add(decoded.result, len(arrival.sample_ids))

    @property
    def sums(self) -> dict[str, float]:
        """The sums of the epoch under way, by name."""
        return asdict(self._sums)

    def resume(self, sums: Mapping[str, float]) -> None:
        """Go on with the sums of an epoch that was interrupted; empty ones begin an epoch.

        Raises:
            CheckpointError: they are not those of an epoch.
        """
        try:
            self._sums = _Sums(
                float(sums.get("distortion", 0.0)),
                float(sums.get("errors", 0.0)),
                int(sums.get("noisy_samples", 0)),
                int(sums.get("samples", 0)),
            )
        except (ValueError, OverflowError) as error:
            raise CheckpointError(f"the sums of the interrupted epoch: {error}") from None

    def record(
        self, epoch: int, step: int, seconds: float, *, rate_nats: Sequence[float], validation_error: float | None
    ) -> EpochRecord:
        """The epoch's record, after which the next epoch is counted.

        Args:
            epoch: counted from 0.
            step: steps finished.
            seconds: of training.
            rate_nats: by link, the rate a sample that the device reported.
            validation_error: on the held-out samples; None where none are held out.
        """
        sums, self._sums = self._sums, _Sums()
        return EpochRecord(
            epoch=epoch,
            step=step,
            distortion=sums.distortion / sums.noisy_samples,
            rate_nats=tuple(rate_nats),
            training_error=sums.errors / sums.noisy_samples,
            validation_error=validation_error,
            samples_per_s=sums.samples / seconds,
            seconds=seconds,
        )


def mean_samples_per_s(records: Sequence[EpochRecord]) -> float:
    """Training samples over training seconds of a whole run; 0 if it did not train."""
    seconds = sum(record.seconds for record in records)
    return sum(record.samples_per_s * record.seconds for record in records) / seconds if seconds else 0.0
