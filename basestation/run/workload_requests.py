"""Requests to measure a workload, one at a time: made by one task, carried out by another. No transport."""

import asyncio
from dataclasses import dataclass

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.workload import LinkStamps, Workload


@dataclass(frozen=True, slots=True)
class _Request:
    workload: Workload
    outcome: "asyncio.Future[list[LinkStamps]]"


class WorkloadRequests:
    """At most one workload that waits to be measured or is under way."""

    def __init__(self) -> None:
        self._current: _Request | None = None
        self._asked = asyncio.Event()

    async def ask(self, workload: Workload) -> list[LinkStamps]:
        """Have a workload measured; by link, when its queries were where.

        Raises:
            ProtocolError: another one is under way, or this one came to nothing.
        """
        if self._current is not None:
            raise ProtocolError("another workload is being measured", Refusal.FAILED_PRECONDITION)
        measurement = _Request(workload, asyncio.get_running_loop().create_future())
        self._current = measurement
        self._asked.set()
        try:
            return await measurement.outcome
        finally:
            if self._asked.is_set() and self._current is measurement:
                self._forget()  # whoever asked went away before its turn came

    async def next(self, limit_s: float) -> Workload | None:
        """The load that is to be measured next; None if nobody asks for one within `limit_s`, or no longer."""
        try:
            async with asyncio.timeout(limit_s):
                await self._asked.wait()
        except TimeoutError:
            return None
        self._asked.clear()
        return self._current.workload if self._current else None

    def settle(self, stamps: list[LinkStamps]) -> None:
        """The load that is under way was measured."""
        if self._current is not None and not self._current.outcome.done():
            self._current.outcome.set_result(stamps)
        self._forget()

    def fail(self, reason: str) -> None:
        """Nothing will come of the workload that waits or is under way, if there is one."""
        if self._current is not None and not self._current.outcome.done():
            self._current.outcome.set_exception(
                ProtocolError(f"the workload was not measured: {reason}", Refusal.ABORTED)
            )
        self._forget()

    def _forget(self) -> None:
        self._current = None
        self._asked.clear()
