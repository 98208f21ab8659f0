"""The waits between attempts to connect: exponential back-off with full jitter."""

import secrets
from collections.abc import Callable

FIRST_BACKOFF_S = 0.1
LONGEST_BACKOFF_S = 2.0

_SYSTEM = secrets.SystemRandom()

Uniform = Callable[[float, float], float]
"""Draws a number between two others."""


class Backoff:
    """The waits between attempts.

    Each is drawn between 0 and a bound that doubles up to `LONGEST_BACKOFF_S`, so that devices which lost their peer at
    the same moment do not return at the same moments. It is drawn from the operating system: no keyed draw of a run
    depends on how often a device had to wait.
    """

    def __init__(self, uniform: Uniform = _SYSTEM.uniform) -> None:
        """Args: draws the waits."""
        self._uniform = uniform
        self._bound_s = FIRST_BACKOFF_S

    def reset(self) -> None:
        """Begin with short waits again."""
        self._bound_s = FIRST_BACKOFF_S

    def next_s(self) -> float:
        """Seconds to wait before the next attempt."""
        wait_s = self._uniform(0.0, self._bound_s)
        self._bound_s = min(2 * self._bound_s, LONGEST_BACKOFF_S)
        return wait_s
