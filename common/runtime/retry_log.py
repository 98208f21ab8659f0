"""The log of attempts that fail until one succeeds: one line for each reason, not for each attempt."""

import time
from collections.abc import Callable

from splitwave.common.runtime.logger import get_logger

REPEAT_S = 30.0
"""Seconds after which an unfinished wait is logged again."""

log = get_logger()


class RetryLog:
    """Logs the reasons of a wait while it lasts, and its length when it ends."""

    def __init__(self, peer: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Set up a log without a wait.

        Args:
            peer: a description of the party that is called.
            clock: seconds that never decrease.
        """
        self._peer = peer
        self._clock = clock
        self._failures = 0
        self._since_s = self._logged_s = 0.0
        self._reasons: set[str] = set()

    def failed(self, reason: str) -> None:
        """Note an attempt that failed and will be repeated."""
        now_s = self._clock()
        if not self._failures:
            self._since_s = now_s
        self._failures += 1
        if reason not in self._reasons:
            log.warning(f"waiting for {self._peer}", reason=reason)
        elif now_s - self._logged_s >= REPEAT_S:
            waited_s = round(now_s - self._since_s, 1)
            log.warning(f"still waiting for {self._peer}", tries=self._failures, waited_s=waited_s, reason=reason)
        else:
            return
        self._reasons.add(reason)
        self._logged_s = now_s

    def succeeded(self) -> None:
        """Note an attempt that succeeded, which is logged only if others failed before it."""
        if not self._failures:
            return
        waited_s = self._clock() - self._since_s
        log.info(f"connected after {self._failures + 1} tries, {waited_s:.1f} s", to=self._peer)
        self._failures = 0
        self._reasons.clear()
