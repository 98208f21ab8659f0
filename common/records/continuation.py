"""Whether a training may go on under other settings: only if its earlier steps would have been the same."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError

_EPOCHS = "training.epochs"


def check_continues(trained: RunConfig, wanted: RunConfig, folder: Path) -> None:
    """Check that a training can go on under other settings as if it had begun under them.

    They may ask for more epochs, unless learning rate or slope depend on the number of epochs; all else must be equal.

    Raises:
        CheckpointError: settings that decide the result differ; the message names each with both values.
    """
    before, after = _leaves(trained), _leaves(wanted)
    differing = [path for path in before if before[path] != after[path]]
    refused = [path for path in differing if path != _EPOCHS]
    if refused:
        changes = ", ".join(f"{path} = {before[path]} became {after[path]}" for path in refused)
        raise CheckpointError(f"{folder}: {changes}; only {_EPOCHS} may change when a training goes on")
    if differing:
        _check_schedules(trained, wanted, folder)


def _check_schedules(trained: RunConfig, wanted: RunConfig, folder: Path) -> None:
    """Check that the steps until now do not depend on how many follow."""
    epochs = f"{_EPOCHS} = {trained.training.epochs} cannot become {wanted.training.epochs}"
    training, quantizer = trained.training, trained.quantizer
    if wanted.training.epochs < trained.training.epochs:
        raise CheckpointError(f"{folder}: {epochs}: a training is extended, not shortened")
    if training.learning_rate != training.learning_rate_final:
        raise CheckpointError(
            f"{folder}: {epochs}: the learning rate falls from {training.learning_rate} to "
            f"{training.learning_rate_final} over all epochs, so that the earlier steps would have been others; "
            "train with training.learning_rate_final = training.learning_rate what you may extend later"
        )
    if quantizer.breakpoints and quantizer.gamma_final not in (None, quantizer.gamma):
        raise CheckpointError(
            f"{folder}: {epochs}: quantizer.gamma changes from {quantizer.gamma} to {quantizer.gamma_final} over all "
            "epochs, so that the earlier steps would have been others"
        )


def _leaves(config: RunConfig) -> dict[str, object]:
    return dict(_walk(config.model_dump(mode="json"), ""))


def _walk(settings: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _walk(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
