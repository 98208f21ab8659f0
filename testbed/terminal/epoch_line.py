"""Formats an epoch as one line that fits the width of the terminal."""

from collections.abc import Sequence

from splitwave.common.records.results import EpochRecord
from splitwave.common.tasks.wording import Wording

_TENTHS_BELOW_NATS = 9.95


def epoch_line(record: EpochRecord, epochs: int, wording: Wording, width: int) -> str:
    """Format an epoch as the most detailed line of at most `width` columns.

    If the full line does not fit, it is abbreviated; then speed, rate, distortion and, if there is a validation error,
    the training error are dropped one after another.
    """
    epoch = f"epoch {record.epoch + 1:>{len(str(epochs))}}/{epochs}"
    distortion, rate = wording.distortion_in_short(record.distortion), _rate(record.rate_nats)
    errors, last_error = _errors(record, wording)
    speed = f"{record.samples_per_s:,.0f} samples/s"
    forms = (
        [wording.distortion_in_full(record.distortion), *_errors_in_full(record, wording), f"{rate} a link", speed],
        [distortion, errors, rate, speed],
        [distortion, errors, rate],
        [distortion, errors],
        [errors],
        [last_error],
    )
    lines = ["  ".join([epoch, *form]) for form in forms]
    return next((line for line in lines if len(line) <= width), lines[-1])


def _errors_in_full(record: EpochRecord, wording: Wording) -> list[str]:
    training = f"training error {wording.error_in_full(record.training_error)}"
    if record.validation_error is None:
        return [training]
    return [training, f"validation error {wording.error_in_full(record.validation_error)}"]


def _errors(record: EpochRecord, wording: Wording) -> tuple[str, str]:
    """Return a short text with all errors, and one with the most important error alone."""
    training = f"error {wording.error_in_short(record.training_error)}"
    if record.validation_error is None:
        return training, training
    validation = f"validation {wording.error_in_short(record.validation_error)}"
    return f"{training}, {validation}", validation


def _rate(rate_nats: Sequence[float]) -> str:
    """Format the range of the links' rates."""
    lowest, highest = _nats(min(rate_nats)), _nats(max(rate_nats))
    return f"rate {lowest} nats" if lowest == highest else f"rate {lowest}–{highest} nats"


def _nats(rate: float) -> str:
    return f"{rate:.1f}" if rate < _TENTHS_BELOW_NATS else f"{rate:.0f}"
