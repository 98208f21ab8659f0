"""Estimates how long trials will take, so that a sweep can be planned before it runs."""

from collections.abc import Iterable, Sequence
from statistics import fmean

from splitwave.experiments.trials.outcome import Outcome
from splitwave.experiments.trials.trial import METHODS, DtJsccTrial, QmlIbTrial, Trial, VddibSrTrial, VibTrial

_TRAINING_SAMPLES = {"mnist": 60_000, "mnist5k": 4_000}
_VIB_US = {"vib": 18.0, "tones": 44.0, "csi": 66.0}
_DT_JSCC_US = 150.0
_START_S = 1.0
"""CPU seconds of a trial before and after its training."""


def expected_seconds(trials: Iterable[Trial], finished: Sequence[Outcome]) -> float:
    """Estimate the CPU seconds that trials will take on one core.

    The estimate is a simple model of a training's work, scaled by the finished trials of the same method if there are
    any; otherwise it applies to a core with bfloat16 matrix instructions.
    """
    scale = {}
    for method in METHODS:
        ratios = [done.seconds / _modelled_seconds(done.trial) for done in finished if done.trial.method == method]
        scale[method] = fmean(ratios) if ratios else 1.0
    return sum(_modelled_seconds(trial) * scale[trial.method] for trial in trials)


def _modelled_seconds(trial: Trial) -> float:
    samples = _TRAINING_SAMPLES.get(trial.data, 50_000)
    return _START_S + 1e-6 * samples * _us(trial)


def _us(trial: Trial) -> float:
    match trial:
        case QmlIbTrial():
            return _qml_ib_us(trial)
        case VddibSrTrial():
            return _vddib_sr_us(trial)
        case VibTrial():
            return _VIB_US.get(trial.backbone, 80.0) * trial.epochs
        case DtJsccTrial():
            return _DT_JSCC_US * trial.schedule.epochs


def _qml_ib_us(trial: QmlIbTrial) -> float:
    """Estimate microseconds per sample over all epochs: decoder, backbones, and quantizers by number of symbols."""
    backbone_us = 8.0 if trial.backbone == "mlp" else 4.0
    quantizer_us = 0.009 * trial.symbols * (1 + trial.breakpoints)
    return trial.epochs * (15.0 + trial.links * (backbone_us + quantizer_us))


def _vddib_sr_us(trial: VddibSrTrial) -> float:
    """Estimate microseconds per sample of phases 2 and 3 over all views; phase 1 is mostly shared with other trials."""
    epochs = trial.encoding.encode.epochs + trial.encoding.finetune.epochs
    return epochs * trial.links * (20.0 if trial.backbone == "mlp" else 9.0)
