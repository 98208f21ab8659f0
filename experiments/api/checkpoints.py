"""Arguments of the Python interface about checkpoints of a training, and the run that goes on."""

from pathlib import Path

from splitwave.common.errors import ConfigError
from splitwave.experiments.api.settings import Settings
from splitwave.testbed.commands.options import COMPOSE
from splitwave.testbed.engine import Checkpointing
from splitwave.testbed.results.resumption import Resumption, find_resumption


def checkpointing(every: int, keep: int, engine: str) -> Checkpointing:
    """Return what is kept of a training while it runs; nothing asks it to stop, since a caller's signals are its own.

    Raises:
        ConfigError: a number is out of range, or the engine cannot keep checkpoints of a training.
    """
    for name, number, least in (("checkpoint_every", every, 0), ("keep_checkpoints", keep, 1)):
        if number < least:
            raise ConfigError(f"{name} = {number}: expected {least} or more")
    if every and engine == COMPOSE:
        raise ConfigError(f"checkpoint_every = {every}: the engine {COMPOSE} keeps no checkpoints of a training")
    return Checkpointing(every, keep)


def resumption(resume: str | Path | None, results: Path, engine: str) -> Resumption | None:
    """Return the run that a training goes on with; None for a training that begins.

    Raises:
        CheckpointError: there is no such run whose training can go on.
        ConfigError: the engine cannot go on with it.
    """
    if resume is None:
        return None
    if engine == COMPOSE:
        raise ConfigError(f"resume = {resume}: the engine {COMPOSE} cannot go on with a training")
    return find_resumption(str(resume), results, "resume =")


def settings_or(config: Settings | None, run: Resumption | None) -> Settings:
    """Return the settings that are given, or those of the run that goes on.

    Raises:
        ConfigError: there are neither.
    """
    if config is not None:
        return config
    if run is None:
        raise ConfigError("config = None: only with `resume`, whose run has settings")
    return run.settings
