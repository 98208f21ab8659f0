"""What one trial gives."""

from math import inf

from pydantic import BaseModel, ConfigDict

from experiments.sweep.trial import Trial


class _Record(BaseModel):
    # A threshold may be ∞, which JSON has no number for.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="constants")


class Measurement(_Record):
    """A trained network over one kind of link.

    Attributes:
        psnr_db: of the links it was tested over; None for ideal ones.
        threshold: VDDIB-SR's round 2 is sent where decoder 1 is less sure than this; ∞ always.
        validation_error, test_error: shares of wrong classes; None where the split was not looked at.
        payload_bits: a sample over all links, mean.
        airtime_ms: of a sample on its link, mean.
    """

    psnr_db: float | None
    threshold: float = inf
    validation_error: float
    test_error: float | None
    payload_bits: float
    airtime_ms: float


class Outcome(_Record):
    """A finished trial.

    Attributes:
        rate_nats: the objective's rate term in the last epoch, a sample, mean over links; None for VDDIB-SR.
        divergence_nats: D itself after training, by quadrature, a sample, mean over links; None likewise.
        epochs: carried out; `best_epoch` of them, from 1, gave the weights that were measured. None for VDDIB-SR,
            whose three phases each have their own.
        samples_per_s: training samples a second of CPU time of the one thread.
        seconds: CPU time of the whole trial.
        commit: of the code that trained.
    """

    trial: Trial
    measurements: tuple[Measurement, ...]
    rate_nats: float | None
    divergence_nats: float | None
    best_epoch: int | None
    epochs: int | None
    samples_per_s: float
    seconds: float
    commit: str
