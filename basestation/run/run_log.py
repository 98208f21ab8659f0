"""What happened in a run so far, for any number of watchers that come and go."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from splitwave.common.records.results import EpochRecord, Evaluation, RunResult

PROGRESS_INTERVAL_S = 0.2
"""Between two reports of progress: a step may take a hundredth of a second, and a report costs all parties' cores."""


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The run's status is worth another look."""


Record = EpochRecord | Evaluation | RunResult
Event = Record | StatusChanged


class RunLog:
    """Epochs, the test errors, then a result, all kept; status changes are coalesced for a slow watcher."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: seconds, from any beginning."""
        self._clock = clock
        self._records: list[Record] = []
        self._version = 0
        self._closed = False
        self._changed = asyncio.Condition()
        self._touched_s: float | None = None

    async def add(self, record: Record) -> None:
        """Append a record; what a restarted run goes through again, with the same numbers, is known already."""
        if self._is_new(record):
            self._records.append(record)
        await self.touch()

    def _is_new(self, record: Record) -> bool:
        if isinstance(record, EpochRecord):
            return record.epoch == len(self._records)
        return isinstance(record, RunResult) or record not in self._records

    async def progress(self) -> None:
        """Tell watchers that the run went on, unless they have just heard of it."""
        if self._touched_s is None or self._clock() - self._touched_s >= PROGRESS_INTERVAL_S:
            await self.touch()

    async def touch(self) -> None:
        """Tell watchers that the status changed."""
        self._touched_s = self._clock()
        self._version += 1
        async with self._changed:
            self._changed.notify_all()

    async def close(self) -> None:
        """Nothing more will come."""
        self._closed = True
        await self.touch()

    async def events(self) -> AsyncIterator[Event]:
        """Everything from the first epoch on, status changes in between, until the log is closed."""
        seen = 0
        version = -1
        while True:
            async with self._changed:
                while self._version == version:
                    await self._changed.wait()
            version, closed = self._version, self._closed
            for record in self._records[seen:]:
                yield record
                seen += 1
            yield StatusChanged()
            if closed:
                return
