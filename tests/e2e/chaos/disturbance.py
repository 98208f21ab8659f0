"""Kills the parties of a training as drawn, and notes how it recovers."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.e2e.chaos.kills import Kill
from tests.e2e.chaos.training import POLL_S, Progress, Training, TrainingOverError


@dataclass(frozen=True)
class Recovery:
    """A kill, and the time until training was further than before, or over.

    Attributes:
        kill: the kill.
        step: the furthest step before it.
        replayed: steps that were done again until then.
        seconds: from the kill.
    """

    kill: Kill
    step: int
    replayed: int
    seconds: float

    def __str__(self) -> str:
        parties = ", ".join(self.kill.parties)
        return f"step {self.step}: killed {parties}; {self.replayed} steps replayed, {self.seconds:.1f} s to recover"


async def disturb(training: Training, kills: Sequence[Kill], show: Callable[[str], None]) -> list[Recovery]:
    """Kill parties one kill after the other; fewer recoveries than kills mean that training ended too early."""
    progress = Progress(training)
    recoveries: list[Recovery] = []
    for kill in kills:
        try:
            await progress.until(progress.furthest + kill.steps)
            started, step, replayed = time.monotonic(), progress.furthest, progress.replayed
            await asyncio.gather(*(_kill(training, party) for party in kill.parties))
        except TrainingOverError:
            return recoveries
        try:
            await progress.until_interrupted()  # until the loss is noticed, steps that were under way may end
            await progress.until(progress.furthest + 1)
        except TrainingOverError:
            if not progress.trained:  # the run has failed
                return recoveries
        recoveries.append(Recovery(kill, step, progress.replayed - replayed, time.monotonic() - started))
        show(str(recoveries[-1]))
    await progress.until_over()
    return recoveries


async def _kill(training: Training, party: str) -> None:
    while not await training.kill(party):
        if training.ended:
            raise TrainingOverError
        await asyncio.sleep(POLL_S)
