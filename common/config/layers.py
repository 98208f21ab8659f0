"""Merges defaults < YAML file < environment < command line into a `RunConfig`; errors name the origin of a value."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from splitwave.common.config.environment import settings_in
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.setting_errors import SECTION_EXPECTED, complaints, shown
from splitwave.common.config.settings_file import Layer, Warn, nested, parse_value, read_settings
from splitwave.common.config.shipped import find_config
from splitwave.common.config.strict_yaml import Tree, dump_yaml
from splitwave.common.errors import ConfigError


def _print_warning(text: str) -> None:
    print(f"warning: {text}", file=sys.stderr)


def load_config(
    path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    warn: Warn = _print_warning,
) -> RunConfig:
    """The resolved settings.

    Args:
        path: a YAML file, the name of a shipped one, or None for the defaults.
        environment: `os.environ` unless given. A double underscore is a dot: SPLITWAVE_TRAINING__EPOCHS sets
            training.epochs. An empty variable sets nothing.
        overrides: `dotted.path=value` from the command line.
        warn: is passed one line for an empty file, and for each variable with the prefix that is no setting and no
            misspelling of one. Without it, they are printed to standard error.

    Raises:
        ConfigError: naming the dotted path, the value and its origin; for a file with line and column.
    """
    layers: list[Layer] = []
    if path is not None:
        layers.append(read_settings(find_config(path), warn))
    layers.extend(settings_in(os.environ if environment is None else environment, warn))
    layers.extend(map(_override, overrides))
    tree: Tree = {}
    origins: dict[str, str] = {}
    for layer in layers:
        _merge(tree, layer.tree, layer.origin, origins)
    return _validate(tree, origins)


def to_yaml(config: RunConfig) -> str:
    """All resolved settings as a YAML file that `load_config` reads back to an equal object."""
    return dump_yaml(config.model_dump(mode="json"))


def _override(text: str) -> Layer:
    dotted, separator, value = text.partition("=")
    if not separator or not dotted or not value.strip():
        raise ConfigError(f"--set {text}: expected dotted.path=value, such as training.epochs=3")
    source = f"--set {text}" if text.isprintable() else f"--set {text!r}"
    return Layer(nested(dotted, parse_value(value, source)), source)


def _merge(into: Tree, layer: Tree, origin: Callable[[str], str], origins: dict[str, str], prefix: str = "") -> None:
    for key, value in layer.items():
        dotted = f"{prefix}{key}"
        below = into.get(key)
        if isinstance(value, dict) and below is not None and not isinstance(below, dict):
            raise ConfigError(f"{dotted} = {shown(below)} (from {origins[dotted]}): {SECTION_EXPECTED}")
        origins[dotted] = origin(dotted)
        if isinstance(value, dict) and isinstance(below, dict):
            _merge(below, value, origin, origins, f"{dotted}.")
        else:
            into[key] = value
            if isinstance(value, dict):  # note the origin of each leaf of a new section
                into[key] = {}
                _merge(into[key], value, origin, origins, f"{dotted}.")  # type: ignore[arg-type]


def _validate(tree: Tree, origins: Mapping[str, str]) -> RunConfig:
    try:
        return RunConfig.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(complaints(error, origins)) from None
