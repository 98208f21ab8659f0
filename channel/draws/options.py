"""Checks of the options of channel models. An error names option, value, and what was expected."""


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
