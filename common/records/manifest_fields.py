"""JSON files that came from somewhere else, value by value: each is checked before it is used.

A file that is damaged, or written to harm, ends in one error that names the file and the value.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

from splitwave.common.errors import CheckpointError

_MOST_BYTES = 16 * 1024 * 1024
"""More than the settings of any run as JSON take twice."""
_SHOWN_CHARACTERS = 80
_SHA256_CHARACTERS = 64
_Choice = TypeVar("_Choice")
_HEXADECIMAL = frozenset("0123456789abcdef")


def read_fields(path: Path) -> "Fields":
    """Read a file that holds one JSON object.

    Raises:
        CheckpointError: it is missing, too large, or no such file.
    """
    return fields_of(path, read_small_file(path))


def read_small_file(path: Path) -> bytes:
    """Read a file that may not be larger than any manifest.

    Raises:
        CheckpointError: it is missing, cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read: {error.strerror}") from None
    if len(content) > _MOST_BYTES:
        raise CheckpointError(f"{path}: more than {_MOST_BYTES} bytes: expected a manifest")
    return content


def fields_of(path: Path, content: bytes) -> "Fields":
    """Parse the content of a file that holds one JSON object.

    Raises:
        CheckpointError: it holds something else, a name twice, or a number that JSON does not have.
    """
    try:
        tree = json.loads(content, object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:  # text that is not UTF-8, too; nested too deeply
        raise CheckpointError(f"{path}: not a JSON file: {error}") from None
    if not isinstance(tree, dict):
        raise CheckpointError(f"{path}: expected a JSON object, got {shown(tree)}")
    return Fields(path, tree)


def shown(value: object) -> str:
    """A value from a file for a message, of bounded length."""
    text = f"{value!r:.{_SHOWN_CHARACTERS + 1}}"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


class Fields:
    """The values of a JSON object by name; every method raises CheckpointError for a value that is not as expected.

    Attributes:
        path: of the file, for messages.
        names: of the values that it has.
    """

    def __init__(self, path: Path, tree: Mapping[str, object], where: str = "") -> None:
        """Args: the file; the object; the dotted path of the object in the file, with a dot at its end."""
        self.path = path
        self.names = tuple(tree)
        self._tree = tree
        self._where = where

    def has_only(self, *names: str) -> None:
        """Refuse a value whose name this version does not know."""
        for name in self.names:
            if name not in names:
                raise CheckpointError(f"{self.path}: {self._where}{shown(name)}: no such value in this format")

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._value(name)
        return value if isinstance(value, bool) else self.refuse(name, "true or false")

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        value = self._value(name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.refuse(name, f"a whole number from {low} to {high}")
        return value

    def number(self, name: str) -> float:
        """A finite number."""
        value = _finite(self._value(name))
        return self.refuse(name, "a finite number") if value is None else value

    def optional_number(self, name: str) -> float | None:
        """A finite number, or None for null."""
        return None if self._value(name) is None else self.number(name)

    def numbers(self, name: str, low: int, high: int) -> tuple[float, ...]:
        """A list of `low` to `high` finite numbers."""
        numbers = [_finite(value) for value in self._list(name, low, high)]
        found = tuple(value for value in numbers if value is not None)
        return found if len(found) == len(numbers) else self.refuse(name, "a list of finite numbers")

    def wholes(self, name: str, count: int, low: int, high: int) -> tuple[int, ...]:
        """A list of `count` whole numbers from `low` to `high`."""
        found = tuple(
            value
            for value in self._list(name, count, count)
            if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        )
        return found if len(found) == count else self.refuse(name, f"{count} whole numbers from {low} to {high}")

    def text(self, name: str, most: int) -> str:
        """Text of at most `most` characters."""
        value = self._value(name)
        return value if isinstance(value, str) and len(value) <= most else self.refuse(name, f"text, at most {most}")

    def choice(self, name: str, choices: Sequence[_Choice]) -> _Choice:
        """One of several values."""
        value = self._value(name)
        found = next((each for each in choices if each == value), None)
        return self.refuse(name, f"one of {', '.join(map(str, choices))}") if found is None else found

    def texts(self, name: str, low: int, high: int, most: int) -> tuple[str, ...]:
        """A list of `low` to `high` texts of at most `most` characters each."""
        values = self._list(name, low, high)
        found = tuple(value for value in values if isinstance(value, str) and len(value) <= most)
        return found if len(found) == len(values) else self.refuse(name, f"a list of texts, at most {most} characters")

    def hexadecimal(self, name: str, digits: int = _SHA256_CHARACTERS) -> str:
        """Text of `digits` hexadecimal digits, such as a SHA-256."""
        value = self._value(name)
        fits = isinstance(value, str) and len(value) == digits and set(value) <= _HEXADECIMAL
        return value if fits and isinstance(value, str) else self.refuse(name, f"{digits} hexadecimal digits")

    def section(self, name: str) -> "Fields":
        """A JSON object within this one."""
        value = self._value(name)
        if not isinstance(value, dict):
            self.refuse(name, "a JSON object")
        return Fields(self.path, value, f"{self._where}{name}.")

    def refuse(self, name: str, expected: str) -> NoReturn:
        """Refuse a value.

        Raises:
            CheckpointError: always.
        """
        raise CheckpointError(f"{self.path}: {self._where}{name} = {shown(self._tree.get(name))}: expected {expected}")

    def _value(self, name: str) -> object:
        if name not in self._tree:
            raise CheckpointError(f"{self.path}: it lacks {self._where}{name}")
        return self._tree[name]

    def _list(self, name: str, low: int, high: int) -> Sequence[object]:
        value = self._value(name)
        if not isinstance(value, list) or not low <= len(value) <= high:
            self.refuse(name, f"a list of {low}" + ("" if low == high else f" to {high}"))
        return value


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {shown(twice)} stands there twice")
    return tree


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
