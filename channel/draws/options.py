"""Checks of the options of channel models. An error names option, value, and what was expected."""

from collections.abc import Sequence


def whole_number(name: str, value: object, low: int) -> int:
    """Return an option that must be a whole number.

    Raises:
        ValueError: it is none, or below `low`.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < low:
        raise ValueError(f"{name} = {value}: expected a whole number ≥ {low}")
    return value


def number(name: str, value: object, low: float, high: float) -> float:
    """Return an option that must be a number in [low, high].

    Raises:
        ValueError: it is none, or not a number in that range.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name} = {value}: expected a number in [{low:g}, {high:g}]")
    return float(value)


def probability(name: str, value: object) -> float:
    """Return an option that must be a probability; errors as for `number`."""
    return number(name, value, 0, 1)


def check_choice(name: str, value: object, choices: Sequence[str]) -> None:
    """Check an option that is one of a few words.

    Raises:
        ValueError: it is not one of them.
    """
    if value not in choices:
        raise ValueError(f"{name} = {value}: expected {' or '.join(choices)}")
