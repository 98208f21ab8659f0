"""Resolves the complete settings of any trial."""

from pydantic import BaseModel

from splitwave.experiments.trials import dt_jscc, qml_ib, vddib_sr, vib
from splitwave.experiments.trials.trial import DtJsccTrial, QmlIbTrial, Trial, VddibSrTrial, VibTrial


def resolve(trial: Trial) -> dict[str, object]:
    """Return all settings of a trial, including defaults, as JSON values."""
    resolved: dict[str, object] = _settings(trial).model_dump(mode="json")
    return resolved


def _settings(trial: Trial) -> BaseModel:
    match trial:
        case QmlIbTrial():
            return qml_ib.resolve(trial)
        case VddibSrTrial():
            return vddib_sr.resolve(trial)
        case VibTrial():
            return vib.resolve(trial)
        case DtJsccTrial():
            return dt_jscc.resolve(trial)
