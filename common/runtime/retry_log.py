"""The log of attempts that fail until one succeeds: a line for each reason, not one for each attempt."""

import time
from collections.abc import Callable

import structlog

REPEAT_S = 30.0
"""Seconds after which an unfinished wait is logged again."""

log = structlog.get_logger()


class RetryLog:
    """Logs what is waited for and why when a wait begins, and how long it took when it ends."""

    def __init__(self, whom: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: what is waited for; seconds that only grow."""
        self._whom = whom
        self._clock = clock
        self._failures = 0
        self._since_s = self._told_s = 0.0
        self._reasons: set[str] = set()

    def failed(self, reason: str) -> None:
        """An attempt failed, and there will be another."""
        now_s = self._clock()
        if not self._failures:
            self._since_s = now_s
        self._failures += 1
        if reason not in self._reasons:
            log.warning(f"waiting for {self._whom}", reason=reason)
        elif now_s - self._told_s >= REPEAT_S:
            waited_s = round(now_s - self._since_s, 1)
            log.warning(f"still waiting for {self._whom}", tries=self._failures, waited_s=waited_s, reason=reason)
        else:
            return
        self._reasons.add(reason)
        self._told_s = now_s

    def succeeded(self) -> None:
        """It is there; nothing is said of it if it was there at once."""
        if not self._failures:
            return
        waited_s = self._clock() - self._since_s
        log.info(f"connected after {self._failures + 1} tries, {waited_s:.1f} s", to=self._whom)
        self._failures = 0
        self._reasons.clear()
