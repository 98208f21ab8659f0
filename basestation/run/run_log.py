"""The records of a run so far, for any number of watchers that come and go."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from splitwave.basestation.links.stragglers import StragglerChange
from splitwave.basestation.run.events import RunObserver
from splitwave.basestation.run.pass_outcome import PassOutcome
from splitwave.basestation.run.stage import Stage
from splitwave.common.protocol.phases import Phase
from splitwave.common.records.results import EpochRecord, Evaluation, RunResult

PROGRESS_INTERVAL_S = 0.2
"""Seconds between two reports of progress: a step may take a hundredth of a second, and each report costs processor
time that the run would use."""


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The run's status has changed."""


Record = EpochRecord | Evaluation | RunResult
Event = Record | StatusChanged


class RunLog(RunObserver):
    """Epochs, the test errors, then a result, all kept; status changes are coalesced for a slow watcher."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: a monotonic clock, in seconds."""
        self._clock = clock
        self._records: list[Record] = []
        self._version = 0
        self._closed = False
        self._changed = asyncio.Event()
        self._touched_s: float | None = None
        self._delivered = asyncio.Event()

    async def wait_until_delivered(self) -> None:
        """Wait until a watcher has had the result, or all of a closed log."""
        await self._delivered.wait()

    def add(self, record: Record) -> None:
        """Append a record, unless it is known: a run that starts over repeats epochs with the same numbers."""
        if self._is_new(record):
            self._records.append(record)
        self.touch()

    def progress(self) -> None:
        """Wake watchers up, unless that was done within the last `PROGRESS_INTERVAL_S`."""
        if self._touched_s is None or self._clock() - self._touched_s >= PROGRESS_INTERVAL_S:
            self.touch()

    def touch(self) -> None:
        """Wake watchers up: the status changed."""
        self._touched_s = self._clock()
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    def close(self) -> None:
        """End the log, and with it what watchers follow."""
        self._closed = True
        self.touch()

    async def events(self) -> AsyncGenerator[Event, None]:
        """All records from the first epoch on, and status changes in between, until the log is closed."""
        seen = 0
        version = -1
        while True:
            while self._version == version:
                await self._changed.wait()
            version, closed = self._version, self._closed
            for record in self._records[seen:]:
                try:
                    yield record
                finally:
                    # A watcher may leave with the result, and be gone before the log is closed.
                    if isinstance(record, RunResult):
                        self._delivered.set()
                seen += 1
            yield StatusChanged()
            if closed:
                self._delivered.set()
                return

    def step_ended(self, step: int) -> None:  # noqa: ARG002
        """Progress."""
        self.progress()

    def epoch_ended(self, record: EpochRecord) -> None:
        """Add the epoch."""
        self.add(record)

    def evaluated(self, evaluation: Evaluation) -> None:
        """Add the test errors."""
        self.add(evaluation)

    def result_ready(self, result: RunResult) -> None:
        """Add the result."""
        self.add(result)

    def pass_ended(self, outcome: PassOutcome) -> None:
        """The status shows how many queries were answered."""
        if outcome.command.phase is Phase.SERVE:
            self.touch()

    def stage_entered(self, stage: Stage) -> None:  # noqa: ARG002
        """The status shows the stage."""
        self.touch()

    def run_went_on(self, reason: str, links: tuple[int, ...]) -> None:  # noqa: ARG002
        """The status shows which links have no device."""
        self.touch()

    def link_lateness_changed(self, change: StragglerChange, device_id: str | None) -> None:  # noqa: ARG002
        """The status shows which links are late."""
        self.touch()

    def _is_new(self, record: Record) -> bool:
        if isinstance(record, EpochRecord):
            return record.epoch == len(self._records)
        return isinstance(record, RunResult) or record not in self._records
