"""The stage of a run, and whether it failed."""

import asyncio

from splitwave.basestation.run.events import RunObserver
from splitwave.basestation.run.stage import Stage


class RunState:
    """The stage of a run; it changes by these methods alone.

    Attributes:
        stage: where the run is.
        failed: set when it fails; `failure` then says why.
        restarts: how often it started over because a link was lost.
    """

    def __init__(self, events: RunObserver) -> None:
        """Args: where new stages are announced."""
        self._events = events
        self.stage = Stage.WAITING
        self.failure = ""
        self.failed = asyncio.Event()
        self.restarts = 0

    def enter(self, stage: Stage) -> None:
        """Go on to a stage, unless the run is there."""
        if stage is not self.stage:
            self.stage = stage
            self._events.stage_entered(stage)

    def start_over(self) -> None:
        """Wait for links again."""
        self.restarts += 1
        self.enter(Stage.WAITING)

    def fail(self, reason: str) -> None:
        """End because of an error."""
        self.failure = reason
        self.enter(Stage.FAILED)
        self.failed.set()
