"""Starts processes, notices the first that ends when it should not, and leaves none behind."""

import asyncio
import os
from collections.abc import Coroutine, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from splitwave.common.errors import RunFailedError, SplitwaveError
from splitwave.testbed.processes.child import Child, start_child
from splitwave.testbed.processes.process_death import Death, to_blame

T = TypeVar("T")

READY_LIMIT_S = 300.0
"""How long a service may take to serve: on a busy machine with a cold disk importing torch takes minutes."""
GRACE_S = 15.0
"""How long a process may take to drain after SIGTERM before it is killed: 1 to 3 s on an idle machine."""
SETTLE_S = 2.0
"""How long to wait for the death that caused another: the news of it may be slower than its consequence."""


class Supervisor:
    """The processes of one testbed; leaving the context stops them all."""

    def __init__(self, log_dir: Path) -> None:
        """Args: the folder for the processes' logs."""
        self.children: list[Child] = []
        self._log_dir = log_dir
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._deaths: list[Death] = []
        self._died = asyncio.Event()
        self._cause_found = asyncio.Event()
        self._stopping = False

    async def __aenter__(self) -> Self:
        """Open the lifeline: a pipe that closes when this process is gone, however it went."""
        self._lifeline = os.pipe()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop every process."""
        try:
            await self._stop()
        finally:
            for fd in self._lifeline:
                os.close(fd)

    async def start(
        self, role: str, arguments: Sequence[str], *, announces: bool = False, finishes: bool = False
    ) -> Child:
        """Start a process and watch over it; the arguments are those of `start_child`."""
        log = self._log_dir / f"{role}.log"
        child = await start_child(
            role, arguments, log=log, lifeline=self._lifeline[0], announces=announces, finishes=finishes
        )
        self.children.append(child)
        self._watchers[role] = asyncio.create_task(self._watch(child))
        return child

    async def address_of(self, child: Child) -> str:
        """The HOST:PORT of a service that was started to announce it, as soon as it serves.

        Raises:
            SplitwaveError: it, or another process, ended before, or it does not serve in time.
        """

        async def announced() -> str:
            try:
                address = await asyncio.wait_for(child.address(), READY_LIMIT_S)
            except TimeoutError:
                raise RunFailedError(f"{child.role} did not serve within {READY_LIMIT_S:g} s") from None
            if not address:  # it is dying, and its watcher will hear how
                raise RunFailedError(f"{child.role} ended before it served")
            return address

        return await self.unless_one_dies(announced())

    async def unless_one_dies(self, work: Coroutine[object, object, T]) -> T:
        """The outcome of `work`, given up as soon as a process ends when it should not.

        Raises:
            SplitwaveError: of the class that fits the dead process's exit code, naming it and its last words.
        """
        task, death = asyncio.create_task(work), asyncio.create_task(self._died.wait())
        try:
            await asyncio.wait((task, death), return_when=asyncio.FIRST_COMPLETED)
            if self._died.is_set() and not _succeeded(task):
                raise await self._blame()
            return await self._outcome(task)
        finally:
            task.cancel()
            death.cancel()
            await asyncio.gather(task, death, return_exceptions=True)

    async def farewell(self, children: Sequence[Child]) -> None:
        """Give these time to end by themselves; what they do from here on is no failure."""
        self._stopping = True
        await asyncio.wait([self._watchers[child.role] for child in children], timeout=GRACE_S)

    async def _watch(self, child: Child) -> None:
        code = await child.exited()
        if self._stopping:
            return
        death = Death(child, code)
        self._deaths.append(death)
        if not (code == 0 and child.finishes):
            self._died.set()
        if death.is_cause:
            self._cause_found.set()

    async def _outcome(self, task: "asyncio.Task[T]") -> T:
        try:
            return task.result()
        except SplitwaveError:
            # A stream that broke tells of the death of the process behind it, which is the better story.
            await _within(SETTLE_S, self._died)
            if self._deaths:
                raise await self._blame() from None
            raise

    async def _blame(self) -> SplitwaveError:
        await _within(SETTLE_S, self._cause_found)
        return to_blame(self._deaths).error()

    async def _stop(self) -> None:
        self._stopping = True
        for child in self.children:
            child.terminate()
        # Not for the watchers: an event loop that ends early has cancelled them, and must still outlive the processes.
        endings = asyncio.gather(*(child.exited() for child in self.children))
        try:
            await asyncio.wait([endings], timeout=GRACE_S)
        finally:  # also when a second Ctrl-C cuts the grace period short
            for child in self.children:
                child.kill()
            await asyncio.wait([endings])
        await asyncio.gather(*self._watchers.values(), return_exceptions=True)


def _succeeded(task: "asyncio.Task[T]") -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


async def _within(limit_s: float, event: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(event.wait(), limit_s)
    except TimeoutError:
        return
