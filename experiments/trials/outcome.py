"""The outcome of a trial and its measurements."""

from math import inf

from pydantic import BaseModel, ConfigDict

from splitwave.experiments.trials.radio import RadioName
from splitwave.experiments.trials.trial import Trial


class _Record(BaseModel):
    # A threshold may be ∞, which JSON cannot represent as a number.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, ser_json_inf_nan="constants")


class Measurement(_Record):
    """The errors and costs of a trained network over one kind of link.

    Attributes:
        psnr_db: PSNR of the test links; None for ideal links.
        threshold: VDDIB-SR sends round 2 if the confidence of decoder 1 is below this; ∞ for always.
        radio: of the test links, where it may differ from that of the training.
        missing_links: number of links that are missing; the errors are means over all sets of as many links.
        beta: β of a network of VIB or Hyper-VIB during the measurement; None for other methods.
        validation_error, test_error: share of wrong classes, or mean squared error; None if not measured.
        payload_bits: mean payload per sample over all links.
        airtime_ms: mean airtime per sample and link.
    """

    psnr_db: float | None
    threshold: float = inf
    beta: float | None = None
    missing_links: int = 0
    radio: RadioName | None = None
    validation_error: float | None
    test_error: float | None
    payload_bits: float
    airtime_ms: float


class Outcome(_Record):
    """The outcome of a finished trial.

    Attributes:
        rate_nats: the objective's rate term in the best epoch, in nats per sample, averaged over links and training
            samples; None for VDDIB-SR.
        divergence_nats: D by quadrature after the best epoch, in nats per sample, averaged over links and held-out
            samples (training samples if none are held out); None for methods other than QML-IB.
        best_epoch: the epoch, from 1, whose weights were measured; for VDDIB-SR, of phase 3, or 0 if the weights of
            phase 2 were the best.
        epochs: number of epochs carried out; for VDDIB-SR, in phase 3.
        samples_per_s: training samples per CPU second of the single thread, including validation passes; for VDDIB-SR,
            in phase 3.
        training_s: CPU time of the training alone, including passes over held-out samples; only for VIB and
            β-conditioned networks.
        seconds: CPU time of the whole trial; VDDIB-SR's phase 1 counts only in the trial that carried it out.
        commit: commit of the code, with `+changes` if files differed from it.
        machine: name of the processor.
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
