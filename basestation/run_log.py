"""What happened in a run so far, for any number of watchers that come and go."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from common.results import EpochRecord, RunResult

PROGRESS_INTERVAL_S = 0.2
"""Between two reports of progress: a step may take a hundredth of a second, and a report costs all parties' cores."""


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The run's status is worth another look."""


Event = EpochRecord | RunResult | StatusChanged


class RunLog:
    """Epochs, then a result, both kept; status changes are coalesced for a slow watcher."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: seconds, from any beginning."""
        self._clock = clock
        self._records: list[EpochRecord | RunResult] = []
        self._version = 0
        self._closed = False
        self._changed = asyncio.Condition()
        self._touched_s: float | None = None

    async def add(self, record: EpochRecord | RunResult) -> None:
        """Append an epoch or the result; an epoch that a restarted run goes through again is known already."""
        if isinstance(record, RunResult) or record.epoch == len(self._records):
            self._records.append(record)
        await self.touch()

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
