"""Requests to measure a workload, made by one task and carried out by another. No transport."""

import asyncio
from dataclasses import dataclass

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.workload import LinkStamps, Workload


@dataclass(frozen=True, slots=True)
class _Request:
    workload: Workload
    outcome: "asyncio.Future[list[LinkStamps]]"


class WorkloadRequests:
    """Holds at most one request, which waits or is under way."""

    def __init__(self) -> None:
        self._current: _Request | None = None
        self._asked = asyncio.Event()

    async def ask(self, workload: Workload) -> list[LinkStamps]:
        """Have a workload measured.

        Returns:
            The time stamps of each link.

        Raises:
            ProtocolError: another request waits or is under way, or this one failed.
        """
        if self._current is not None:
            raise ProtocolError("another workload is being measured", Refusal.FAILED_PRECONDITION)
        request = _Request(workload, asyncio.get_running_loop().create_future())
        self._current = request
        self._asked.set()
        try:
            return await request.outcome
        finally:
            if self._asked.is_set() and self._current is request:
                self._forget()  # the caller was cancelled before its turn came

    async def next(self, limit_s: float) -> Workload | None:
        """The workload to measure next; None if nobody asks within `limit_s` seconds, or the request was withdrawn."""
        try:
            async with asyncio.timeout(limit_s):
                await self._asked.wait()
        except TimeoutError:
            return None
        self._asked.clear()
        return self._current.workload if self._current else None

    def settle(self, stamps: list[LinkStamps]) -> None:
        """End the request that is under way with its measurement."""
        if self._current is not None and not self._current.outcome.done():
            self._current.outcome.set_result(stamps)
        self._forget()

    def fail(self, reason: str) -> None:
        """End the request that waits or is under way, if there is one, with an error."""
        if self._current is not None and not self._current.outcome.done():
            self._current.outcome.set_exception(
                ProtocolError(f"the workload was not measured: {reason}", Refusal.ABORTED)
            )
        self._forget()

    def _forget(self) -> None:
        self._current = None
        self._asked.clear()
