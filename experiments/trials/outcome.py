"""What one trial gives."""

from math import inf

from pydantic import BaseModel, ConfigDict

from splitwave.experiments.trials.trial import Trial


class _Record(BaseModel):
    # A threshold may be ∞, which JSON has no number for.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="constants")


class Measurement(_Record):
    """A trained network over one kind of link.

    Attributes:
        psnr_db: of the links it was tested over; None for ideal ones.
        threshold: VDDIB-SR's round 2 is sent where decoder 1 is less sure than this; ∞ always.
        beta: what a network of VIB or Hyper-VIB was told; None for the others.
        validation_error, test_error: shares of wrong classes; None where the split was not looked at.
        payload_bits: a sample over all links, mean.
        airtime_ms: of a sample on its link, mean.
    """

    psnr_db: float | None
    threshold: float = inf
    beta: float | None = None
    validation_error: float | None
    test_error: float | None
    payload_bits: float
    airtime_ms: float


class Outcome(_Record):
    """A finished trial.

    Attributes:
        rate_nats: the objective's rate term in the best epoch, a sample, mean over links and training samples; None
            for VDDIB-SR.
        divergence_nats: D itself after it, by quadrature, a sample, mean over links and held-out samples (training
            ones where none are held out); None likewise.
        best_epoch: from 1, whose weights were measured; of VDDIB-SR, that of phase 3, 0 if phase 2's were the best.
        epochs: carried out; of VDDIB-SR, in phase 3.
        samples_per_s: training samples a second of CPU time of the one thread, validation passes included; of VDDIB-SR,
            in phase 3.
        training_s: CPU time of the training alone, with its passes over held-out samples; of VIB and networks told β.
        seconds: CPU time of the whole trial; of VDDIB-SR, phase 1 counts in the trial that did it.
        commit: of the code that trained; `+changes` if files differed from it.
        machine: the processor that trained.
    """

    trial: Trial
    measurements: tuple[Measurement, ...]
    rate_nats: float | None
    divergence_nats: float | None
    best_epoch: int
    epochs: int
    samples_per_s: float
    training_s: float | None = None
    seconds: float
    commit: str
    machine: str
