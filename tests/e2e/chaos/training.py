"""The interface of a training to the program, the same for each engine, and the progress that the program sees."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from splitwave.common.errors import RunFailedError
from splitwave.common.wire.pb import control_pb2 as pb
from tests.limits import LIMIT_S

POLL_S = 0.02
_BEYOND = (pb.STAGE_EVALUATING, pb.STAGE_SERVING, pb.STAGE_FINISHED)


class Training(Protocol):
    """A run whose parties may be killed and are started again."""

    @property
    def parties(self) -> Sequence[str]:
        """The names of its parties."""

    @property
    def ended(self) -> bool:
        """Whether the run is over."""

    async def status(self) -> pb.RunStatus | None:
        """The status of the run; None while no base station answers."""

    async def kill(self, party: str) -> bool:
        """Send SIGKILL to a party; False if it does not run at the moment."""

    async def weights_sha256(self) -> str:
        """Wait until the run is over; the digest of its weights."""


class TrainingOverError(Exception):
    """Training ended before a step that was waited for."""


class Progress:
    """Follows the steps of a training by its status.

    Attributes:
        furthest: the furthest step so far.
        replayed: steps that were lost and done again.
        trained: whether a status showed that training was over; otherwise a run that ended has failed.
    """

    def __init__(self, training: Training) -> None:
        self._training = training
        self._last = 0
        self._attempt = ("", 0)
        self.furthest = 0
        self.replayed = 0
        self.trained = False

    async def until(self, step: int) -> None:
        """Wait until training is under way and has done so many steps.

        Raises:
            TrainingOverError: it ended before.
            RunFailedError: the run failed.
            TimeoutError: no progress for `LIMIT_S`.
        """
        async with asyncio.timeout(LIMIT_S):
            while (status := await self._status()) is None or not _trains(status) or status.step < step:
                await asyncio.sleep(POLL_S)
        self._attempt = _attempt(status)

    async def until_interrupted(self) -> None:
        """Wait until the attempt of the last `until` is over; errors as for that."""
        async with asyncio.timeout(LIMIT_S):
            while (status := await self._status()) and _trains(status) and _attempt(status) == self._attempt:
                await asyncio.sleep(POLL_S)

    async def until_over(self) -> None:
        """Wait until training has ended; errors as for `until`, without that one."""
        with suppress(TrainingOverError):
            while True:
                await self.until(self.furthest + 1)

    async def _status(self) -> pb.RunStatus | None:
        status = await self._training.status()
        if status is not None and status.failure:
            raise RunFailedError(status.failure)
        self.trained = self.trained or (status is not None and status.stage in _BEYOND)
        if self._training.ended or self.trained:
            raise TrainingOverError
        if status is not None:
            self.replayed += max(0, self._last - status.step)
            self._last = status.step
            self.furthest = max(self.furthest, status.step)
        return status


def _trains(status: pb.RunStatus) -> bool:
    return status.stage == pb.STAGE_TRAINING


def _attempt(status: pb.RunStatus) -> tuple[str, int]:
    return status.run_id, status.restarts
