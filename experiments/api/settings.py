"""The settings that a user of the Python interface gives, in any of their forms."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from pydantic import ValidationError

from splitwave.common.config.layers import load_config
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.setting_errors import complaints
from splitwave.common.errors import ConfigError

Settings: TypeAlias = RunConfig | Mapping[str, object] | str | Path
"""Resolved settings, a tree of settings over the defaults, a YAML file, or the name of a shipped configuration."""

_FOLDER_OF_DATA = "SPLITWAVE_DATA_DIR"


def resolve(settings: Settings, overrides: Sequence[str] = ()) -> RunConfig:
    """Return the resolved settings.

    Args:
        settings: in any form; those in a file are merged with SPLITWAVE_… variables, as on the command line.
        overrides: `dotted.path=value`, as `--set` takes them; with a name or a file only.

    Raises:
        ConfigError: a setting does not exist or has a wrong value.
    """
    if isinstance(settings, str | Path):
        return load_config(Path(settings), overrides=overrides)
    if overrides:
        raise ConfigError(f"overrides = {list(overrides)}: only with the name of a configuration, or a file")
    if isinstance(settings, RunConfig):
        return settings
    try:
        return RunConfig.model_validate(dict(settings))
    except ValidationError as error:
        raise ConfigError(complaints(error, {})) from None


def name_of(settings: Settings) -> str:
    """Return the folder of results for these settings, as on the command line: the stem of a file, or `train`."""
    return Path(settings).stem if isinstance(settings, str | Path) else "train"


def data_folder(data_dir: str | Path | None) -> Path | None:
    """Return the folder with the data sets: the one given, or that of the environment; None if there is neither."""
    named = data_dir if data_dir is not None else os.environ.get(_FOLDER_OF_DATA)
    return Path(named) if named else None


def module_folder(python_path: str | Path | None) -> Path | None:
    """Return the folder of the user's modules; None for the current one, which the import path of Python decides."""
    return None if python_path is None else Path(python_path)
