"""All settings behind a trial, defaults too."""

from experiments.sweep import baseline, qml_ib
from experiments.sweep.trial import QmlIbTrial, Trial


def resolve(trial: Trial) -> dict[str, object]:
    """As JSON would hold them."""
    settings = qml_ib.resolve(trial) if isinstance(trial, QmlIbTrial) else baseline.resolve(trial)
    resolved: dict[str, object] = settings.model_dump(mode="json")
    return resolved
