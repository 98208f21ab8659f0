"""Parses durations, in every option and setting that is one."""

import math

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
