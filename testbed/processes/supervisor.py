"""Starts the processes of a testbed, detects the first that ends unexpectedly, and stops all of them."""

import asyncio
import os
from collections.abc import Coroutine, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from splitwave.common.errors import RunFailedError, SplitwaveError
from splitwave.testbed.processes.child import Child, start_child
from splitwave.testbed.processes.process_death import Death, root_cause

T = TypeVar("T")

SERVICE_OPTIONS = ("--lifeline", "--log-format=json")
"""Options of each service: it ends with the supervisor, and its log can be searched for its last error."""
SERVER_OPTIONS = ("--listen=127.0.0.1:0", *SERVICE_OPTIONS)
"""Options of a service that listens, on any free port."""

READY_LIMIT_S = 300.0
"""Time limit for a service to start: on a busy machine with a cold disk, importing torch takes minutes."""
GRACE_S = 15.0
"""Time limit for a process to drain after SIGTERM before it is killed; on an idle machine it takes 1 to 3 s."""
SETTLE_S = 2.0
"""Time limit to wait for the root cause after a death is noticed, because consequences may be noticed first."""


class Supervisor:
    """The processes of one testbed; leaving the context stops all of them."""

    def __init__(self, log_dir: Path) -> None:
        """Create a supervisor without processes; `log_dir` is the folder for their logs."""
        self.children: list[Child] = []
        self._log_dir = log_dir
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._deaths: list[Death] = []
        self._died = asyncio.Event()
        self._cause_found = asyncio.Event()
        self._stopping = False

    async def __aenter__(self) -> Self:
        """Open the lifeline: a pipe that closes when this process ends for any reason."""
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
        """Start a process and watch it; the arguments are those of `start_child`."""
        log = self._log_dir / f"{role}.log"
        child = await start_child(
            role, arguments, log=log, lifeline=self._lifeline[0], announces=announces, finishes=finishes
        )
        self.children.append(child)
        self._watchers[role] = asyncio.create_task(self._watch(child))
        return child

    async def address_of(self, child: Child) -> str:
        """Wait until a service announces its HOST:PORT.

        Raises:
            SplitwaveError: this or another process ended first, or the service did not start in time.
        """

        async def announced() -> str:
            try:
                address = await asyncio.wait_for(child.address(), READY_LIMIT_S)
            except TimeoutError:
                raise RunFailedError(f"{child.role} did not serve within {READY_LIMIT_S:g} s") from None
            if not address:  # it is ending, and its watcher will report the exit code
                raise RunFailedError(f"{child.role} ended before it served")
            return address

        return await self.guard(announced())

    async def guard(self, work: Coroutine[object, object, T]) -> T:
        """Return the result of `work`, but cancel it as soon as a process ends unexpectedly.

        Raises:
            SplitwaveError: a process ended; the class corresponds to its exit code, and the message names the process
                and quotes its log.
        """
        task, death = asyncio.create_task(work), asyncio.create_task(self._died.wait())
        try:
            await asyncio.wait((task, death), return_when=asyncio.FIRST_COMPLETED)
            if self._died.is_set() and not _succeeded(task):
                raise await self._root_error()
            return await self._outcome(task)
        finally:
            task.cancel()
            death.cancel()
            await asyncio.gather(task, death, return_exceptions=True)

    async def wait_for_exit(self, children: Sequence[Child]) -> None:
        """Wait for these children to exit by themselves; from now on, no exit counts as a failure."""
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
            # A broken stream is usually the consequence of a process that ended; report that process instead.
            await _within(SETTLE_S, self._died)
            if self._deaths:
                raise await self._root_error() from None
            raise

    async def _root_error(self) -> SplitwaveError:
        await _within(SETTLE_S, self._cause_found)
        return root_cause(self._deaths).error()

    async def _stop(self) -> None:
        self._stopping = True
        for child in self.children:
            child.terminate()
        # Do not wait for the watchers: an event loop that ends early has already cancelled them.
        exits = asyncio.gather(*(child.exited() for child in self.children))
        try:
            await asyncio.wait([exits], timeout=GRACE_S)
        finally:  # also when a second Ctrl-C cuts the grace period short
            for child in self.children:
                child.kill()
            await asyncio.wait([exits])
        await asyncio.gather(*self._watchers.values(), return_exceptions=True)


def _succeeded(task: "asyncio.Task[T]") -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


async def _within(limit_s: float, event: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(event.wait(), limit_s)
    except TimeoutError:
        return
