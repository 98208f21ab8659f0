"""How long trials will take, roughly: so that a grid is planned before it runs."""

from collections.abc import Iterable
from statistics import fmean

from experiments.sweep.baseline import resolve
from experiments.sweep.measurement import Outcome
from experiments.sweep.trial import QmlIbTrial, Trial, VddibSrTrial

_TRAINING_SAMPLES = {"mnist": 60_000, "mnist5k": 4_000}
_START_S = 3.0
"""CPU seconds of a trial before it trains: reading the data."""


def expected_seconds(trials: Iterable[Trial], finished: Iterable[Outcome]) -> float:
    """CPU seconds that trials will take on one core.

    A model of what a training does, scaled to the finished trials of the same method where there are any, else to a
    core that has AVX-512.
    """
    ratios: dict[str, list[float]] = {}
    for outcome in finished:
        ratios.setdefault(outcome.trial.method, []).append(outcome.seconds / _modelled_seconds(outcome.trial))
    scale = {method: fmean(values) for method, values in ratios.items()}
    return sum(_modelled_seconds(trial) * scale.get(trial.method, 1.0) for trial in trials)


def _modelled_seconds(trial: Trial) -> float:
    samples = _TRAINING_SAMPLES.get(trial.data, 50_000)
    return _START_S + samples * (_qml_ib(trial) if isinstance(trial, QmlIbTrial) else _vddib_sr(trial))


def _qml_ib(trial: QmlIbTrial) -> float:
    """Seconds a sample: decoder, backbones, and quantizers in proportion to the symbols."""
    backbone_us = 25.0 if trial.backbone == "mlp" else 3.0
    quantizer_us = 0.012 * trial.symbols * (1 + trial.breakpoints)
    return 1e-6 * trial.epochs * (12.0 + trial.links * (backbone_us + quantizer_us))


def _vddib_sr(trial: VddibSrTrial) -> float:
    """Seconds a sample: the epochs of three phases over all views."""
    settings = resolve(trial)
    epochs = settings.extraction.schedule.epochs + settings.encoding.encode.epochs + settings.encoding.finetune.epochs
    return 1e-6 * epochs * trial.links * (25.0 if trial.backbone == "mlp" else 10.0)
