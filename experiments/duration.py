"""Formats durations for people."""

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400


def duration(seconds: float) -> str:
    """Format a duration with about two digits in a suitable unit: `40 s`, `2.5 min`, `12 min`, `3.5 h`."""
    if seconds < 0.5:
        return "under 1 s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 99.5 * _MINUTE_S:
        return f"{_digits(seconds / _MINUTE_S)} min"
    if seconds < 2 * _DAY_S:
        return f"{_digits(seconds / _HOUR_S)} h"
    return f"{_digits(seconds / _DAY_S)} days"


def _digits(number: float) -> str:
    return f"{number:.1f}" if number < 9.95 else f"{number:.0f}"
