"""Completes the settings of a trial whose networks are trained together, by the in-process engine."""

from collections.abc import Mapping

from splitwave.common.config.run_config import RunConfig
from splitwave.experiments.trials.trial import EndToEndTrial

_BLOCK = 2500
"""Samples per evaluation block; large blocks are faster."""


def run_settings(trial: EndToEndTrial, **own: Mapping[str, object]) -> RunConfig:
    """Return the complete settings of a trial's run.

    Args:
        trial: the trial.
        own: by section, the settings that only the trial's method has.
    """
    shared: dict[str, Mapping[str, object]] = {
        "data": {"name": trial.data, "overlap": trial.overlap, "validation": trial.validation},
        "encoder": {"backbone": trial.backbone, "dimension": trial.symbols},
        "quantizer": {"breakpoints": trial.breakpoints},
        "objective": {"beta": trial.beta},
        "channel": {"psnr_db": trial.psnr_db},
        "training": {
            "epochs": trial.epochs,
            "batch_size": trial.batch_size,
            "learning_rate": trial.learning_rate,
        },
        "inference": {"block_size": _BLOCK},
    }
    sections = {name: {**shared.get(name, {}), **own.get(name, {})} for name in shared | own}
    return RunConfig.model_validate({"seed": trial.seed, "links": trial.links, **sections})
