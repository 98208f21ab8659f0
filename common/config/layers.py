"""Merges defaults < YAML file < environment < command line into a `RunConfig`; errors name the origin of a value."""

import json
import os
from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml
from pydantic import ValidationError

from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.setting_errors import FROM_ENVIRONMENT, SECTION_EXPECTED, complaints
from splitwave.common.config.setting_names import ENVIRONMENT_PREFIX, OTHER_VARIABLES, setting_of
from splitwave.common.config.shipped import find_config
from splitwave.common.errors import ConfigError

Tree = dict[str, object]


class _UniqueKeyLoader(yaml.SafeLoader):
    """YAML's safe loader, which refuses repeated keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        mapping = super().construct_mapping(node, deep)
        if len(mapping) < len(node.value):
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise yaml.constructor.ConstructorError(None, None, f"{twice!r} is set twice", node.start_mark)
        return mapping


def load_config(
    path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
) -> RunConfig:
    """The resolved settings.

    Args:
        path: a YAML file, the name of a shipped one, or None for the defaults.
        environment: `os.environ` unless given. A variable with the prefix is a setting, a double underscore a dot:
            SPLITWAVE_TRAINING__EPOCHS is training.epochs. SPLITWAVE_DATA_DIR alone is not one, and an empty
            variable sets nothing.
        overrides: `dotted.path=value` from the command line.

    Raises:
        ConfigError: naming the dotted path, the value and its origin.
    """
    tree: Tree = {}
    origins: dict[str, str] = {}
    if path is not None:
        found = find_config(path)
        _merge(tree, _read_yaml(found), str(found), origins)
    for variable, dotted, value in _environment_settings(os.environ if environment is None else environment):
        _merge(tree, _nested(dotted, value), f"{FROM_ENVIRONMENT}{variable}", origins)
    for override in overrides:
        dotted, separator, text = override.partition("=")
        if not separator or not dotted:
            raise ConfigError(f"--set {override}: expected dotted.path=value, such as training.epochs=3")
        _merge(tree, _nested(dotted, _parse(text)), f"--set {override}", origins)
    return _validate(tree, origins)


def to_yaml(config: RunConfig) -> str:
    """All resolved settings as a YAML file that `load_config` reads back to an equal object."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=True, allow_unicode=True)


def _read_yaml(path: Path) -> Tree:
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _UniqueKeyLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: cannot be read as a config file: {error}") from None
    if content is None:
        return {}
    if isinstance(content, dict):  # a section whose lines are all commented out
        content = {
            key: {} if value is None and key in RunConfig.model_fields else value for key, value in content.items()
        }
    else:
        raise ConfigError(f"{path}: expected a mapping of settings, got {type(content).__name__}")
    for key in content:
        if not isinstance(key, str):
            raise ConfigError(f"{path}: {key!r} is not the name of a setting")
    return content


def _environment_settings(environment: Mapping[str, str]) -> Iterator[tuple[str, str, object]]:
    for variable, text in sorted(environment.items()):
        if variable.startswith(ENVIRONMENT_PREFIX) and text and variable not in OTHER_VARIABLES:
            yield variable, setting_of(variable), _parse(text)


def _parse(text: str) -> object:
    """A value from the shell: JSON (1e-3, [1, 2], true, null), else YAML's numbers (.5, .inf), else the text itself."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return _yaml_number(text)


def _yaml_number(text: str) -> object:
    """The number, or the list, that a file would hold; any other text as it is."""
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # ValueError: a date without such a day
        return text
    return value if type(value) in {int, float, list} else text


def _nested(dotted: str, value: object) -> Tree:
    *parents, leaf = dotted.split(".")
    tree: Tree = {leaf: value}
    for parent in reversed(parents):
        tree = {parent: tree}
    return tree


def _merge(into: Tree, layer: Tree, origin: str, origins: dict[str, str], prefix: str = "") -> None:
    for key, value in layer.items():
        dotted = f"{prefix}{key}"
        below = into.get(key)
        if isinstance(value, dict) and below is not None and not isinstance(below, dict):
            raise ConfigError(f"{dotted} = {below!r} (from {origins[dotted]}): {SECTION_EXPECTED}")
        origins[dotted] = origin
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
