"""Deadlines of blocks that wait for links."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from splitwave.common.protocol.blocks import BlockKey


class Timer(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Do not make it."""
        ...


CallLater = Callable[[float, Callable[[BlockKey], None], BlockKey], Timer]
"""Makes a call with a key after a number of seconds, as `asyncio.AbstractEventLoop.call_later` does."""


def event_loop_timer(delay_s: float, call: Callable[[BlockKey], None], key: BlockKey) -> Timer:
    """A call by the running event loop."""
    return asyncio.get_running_loop().call_later(delay_s, call, key)


class BlockDeadlines:
    """One timer for each block that waits, from its first part on; without a limit there is none."""

    def __init__(
        self, wait_s: float | None, release: Callable[[BlockKey], None], call_later: CallLater = event_loop_timer
    ) -> None:
        """Args: seconds that a block waits, what is called with its key after them, and by which clock."""
        self._wait_s = wait_s
        self._release = release
        self._call_later = call_later
        self._timers: dict[BlockKey, Timer] = {}

    def begin(self, key: BlockKey) -> None:
        """A part of this block is in, and others are awaited."""
        if self._wait_s is not None and key not in self._timers:
            self._timers[key] = self._call_later(self._wait_s, self._expire, key)

    def end(self, key: BlockKey) -> None:
        """This block waits no longer."""
        if self._timers and (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()

    def clear(self) -> None:
        """No block waits."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _expire(self, key: BlockKey) -> None:
        del self._timers[key]
        self._release(key)
