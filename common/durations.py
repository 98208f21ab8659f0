"""Parses durations, in every option and setting that is one."""

import math
import re

from splitwave.common.errors import ConfigError

LONGEST_S = 1e9
"""Longest finite duration, 32 years: the system's timers cannot hold much more, and it is always a mistake."""


def parse_duration(text: str, option: str, *, above_zero: bool = False) -> float:
    """Parse a number of seconds, which may be infinite: then a wait has no limit.

    Args:
        text: the number.
        option: the option or the setting that it was given with, for the error.
        above_zero: whether 0 is refused.

    Raises:
        ConfigError: the text is no such number.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    least = seconds > 0 if above_zero else seconds >= 0
    if not least or LONGEST_S < seconds < math.inf:
        expected = "more than 0" if above_zero else "0 or more"
        raise ConfigError(f"{option} {text}: expected seconds, {expected}, up to {LONGEST_S:.0f}, or inf for no limit")
    return seconds


_UNITS_S = {"d": 86_400, "h": 3600, "m": 60, "s": 1}
_SPAN = re.compile("".join(rf"(?:(\d+){unit})?" for unit in _UNITS_S))


def parse_span(text: str, option: str) -> float:
    """Parse a span of time such as 23h50m, 1d12h or 90s, or a number of seconds; returns seconds.

    Args:
        text: the span.
        option: of the command line, for the error.

    Raises:
        ConfigError: the text is no span, or one of 0 seconds or more than `LONGEST_S`.
    """
    parts = _SPAN.fullmatch(f"{text}s" if text.isdecimal() else text)
    counts = parts.groups(default="0") if parts else ()
    seconds = sum(int(count) * unit for count, unit in zip(counts, _UNITS_S.values(), strict=False))
    if not 0 < seconds <= LONGEST_S:
        raise ConfigError(f"{option} {text}: expected a span of time above 0, such as 23h50m, 90m or 45s")
    return float(seconds)
