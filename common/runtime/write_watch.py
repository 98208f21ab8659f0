"""Notices a peer that does not read: a write to it does not end, because the transport's buffer is full."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from splitwave.common.errors import ProtocolError, Refusal

M = TypeVar("M")

READ_LIMIT_S = 300.0
"""Seconds that a peer may leave a message unread; a training step of a slow device may take minutes."""

_CHECKS = 10
"""How often a write is looked at within `READ_LIMIT_S`: a stream's messages set no timers."""


class WriteWatch(Generic[M]):
    """Writes the messages of one direction of a stream, one at a time."""

    def __init__(self, write: Callable[[M], Awaitable[None]], peer: str) -> None:
        """Set up a watch.

        Args:
            write: the transport's.
            peer: who should read, for the error.
        """
        self._write = write
        self._peer = peer
        self._begun = 0
        self._writing = False
        self._one_at_a_time = asyncio.Lock()

    async def write(self, message: M) -> None:
        """Write a message after those that others write; waits until the transport has room for it."""
        async with self._one_at_a_time:
            self._begun += 1
            self._writing = True
            await self._write(message)
            self._writing = False

    async def limit(self) -> None:
        """Wait until a write has lasted for `READ_LIMIT_S`.

        Raises:
            ProtocolError: it has.
        """
        seen, checks = 0, 0
        while checks < _CHECKS:
            await asyncio.sleep(READ_LIMIT_S / _CHECKS)
            checks = checks + 1 if self._writing and self._begun == seen else 0
            seen = self._begun
        raise ProtocolError(f"{self._peer} has read nothing for {READ_LIMIT_S:g} s", Refusal.DEADLINE_EXCEEDED)
