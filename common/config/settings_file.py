"""Reads settings from files and from texts of the shell, by the same rules; every error is one line."""

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from splitwave.common.config.setting_names import sections
from splitwave.common.config.strict_yaml import InvalidYamlError, Place, Tree, parse_yaml
from splitwave.common.errors import ConfigError
from splitwave.common.files.denied import reason_of

Warn = Callable[[str], object]
"""Receives one line that concerns the user, but stops nothing."""

LARGEST_FILE_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Layer:
    """The settings of one source.

    Attributes:
        tree: the settings, nested as in a file.
        source: file, variable or option.
        places: where in the source each setting stands, by dotted path.
    """

    tree: Tree
    source: str
    places: Mapping[str, Place] = field(default_factory=dict)

    def origin(self, dotted: str) -> str:
        """Return the source of a setting, and where in it the setting stands."""
        return f"{self.source}, {self.places[dotted]}" if dotted in self.places else self.source


def read_settings(path: Path, warn: Warn) -> Layer:
    """Read a config file in UTF-8, or in UTF-16 with a byte order mark.

    A file or section without content sets nothing; for such a file, the user is warned.

    Raises:
        ConfigError: with file, line and column.
    """
    try:
        document = parse_yaml(_text(path))
    except InvalidYamlError as error:
        raise ConfigError(f"{path}, {error.place}: cannot be read as a config file: {error.problem}") from None
    content = document.content
    if content is None:
        warn(f"{path} has no settings in it: the defaults apply")
        content = {}
    if not isinstance(content, dict):
        found = "a list" if isinstance(content, list) else f"the value {content!r}"
        raise ConfigError(f"{path}, {document.start}: expected a mapping of settings, got {found}")
    empty = {name for name in sections() if name in content and content[name] is None}
    return Layer(content | {name: {} for name in empty}, str(path), document.places)


def parse_value(text: str, source: str) -> object:
    """Return the value that a text from the shell would have in a config file.

    Args:
        text: the value.
        source: where it comes from, for the error.

    Raises:
        ConfigError: it is not YAML.
    """
    try:
        return parse_yaml(text).content
    except InvalidYamlError as error:
        raise ConfigError(f"{source}: {error.problem}") from None


def nested(dotted: str, value: object) -> Tree:
    """Return the tree that sets one setting."""
    *parents, leaf = dotted.split(".")
    tree: Tree = {leaf: value}
    for parent in reversed(parents):
        tree = {parent: tree}
    return tree


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read as a config file: {reason_of(error)}") from None
    if len(content) > LARGEST_FILE_BYTES:
        end = Place.after(content[:LARGEST_FILE_BYTES].decode("utf-8", "ignore"))
        raise InvalidYamlError(f"it is longer than {LARGEST_FILE_BYTES >> 10} KiB", end)
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if marked else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(encoding, "ignore")
        found = f"the byte 0x{error.object[error.start]:02x} is not text in {'UTF-16' if marked else 'UTF-8'}"
        raise InvalidYamlError(f"{found}: save the file as UTF-8", Place.after(before)) from None
