"""Starts the processes of a testbed, starts killed ones again, reports the first that ends for good, and stops all."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from splitwave.common.errors import RunFailedError, SplitwaveError
from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.processes.child import Child, ChildCommand
from splitwave.testbed.processes.process_death import Death, root_cause
from splitwave.testbed.processes.restarts import PEER_LOSS_CODES, Restarts

T = TypeVar("T")
OnRestart = Callable[[Death, int], None]
"""Called after a restart with the death that it followed, and how many there were of this process."""

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
OVER_LIMIT_S = 10.0
"""Seconds after a process exits with code 0, within which its run should be over."""


class Supervisor:
    """The processes of one testbed; leaving the context stops all of them."""

    def __init__(
        self, log_dir: Path, max_restarts: int = 0, on_restart: OnRestart = lambda _death, _count: None
    ) -> None:
        """Create a supervisor without processes.

        Args:
            log_dir: the folder for their logs.
            max_restarts: how often each of them is started again if it was killed.
            on_restart: called when that was done.
        """
        self.children: list[Child] = []
        self._log_dir = log_dir
        self._restarts = Restarts(max_restarts)
        self._on_restart = on_restart
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._deaths: list[Death] = []
        self._died = asyncio.Event()
        self._cause_found = asyncio.Event()
        self._ending = asyncio.Event()
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
        self,
        role: str,
        arguments: Sequence[str],
        *,
        announces: bool = False,
        finishes: bool = False,
        again: Sequence[str] = (),
    ) -> Child:
        """Start a process and watch it; the arguments are those of `ChildCommand`."""
        log = self._log_dir / f"{role}.log"
        child = Child(ChildCommand(role, arguments, log, self._lifeline[0], announces, finishes, again))
        await child.start()
        self._restarts.note_start(role)
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
        """Return the result of `work`, but cancel it as soon as a process ends unexpectedly, and for good.

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
        await _ended(asyncio.create_task(child.exited()) for child in children)

    async def _watch(self, child: Child) -> None:
        while True:
            code = await child.exited()
            self._restarts.note_end(child.role, code)
            if self._stopping or not await self._starts_again(child, code):
                break
            await child.start()
            self._restarts.note_start(child.role)
            self._on_restart(Death(child, code), self._restarts.counts[child.role])
        child.give_up()
        if not self._stopping:
            self._note(Death(child, code, self._restarts.counts.get(child.role, 0)), child)

    async def _starts_again(self, child: Child, code: int) -> bool:
        """Whether to start a process that has ended again; waits until that is known."""
        if not self._restarts.limit:
            return False
        if code == ExitCode.OK and child.finishes:
            return await self._is_missed(child) and self._take_restart(child)
        if code in PEER_LOSS_CODES and not self._restarts.lost_peer(child.role):
            await _within(SETTLE_S, self._ending)  # the consequence may be noticed first
        fits = not self._ending.is_set() and self._restarts.is_repairable(child.role, code)
        return fits and not self._stopping and self._restarts.take(child.role)

    async def _is_missed(self, child: Child) -> bool:
        """Whether a device that ended well is needed: it was stopped, or its base station died and comes back."""
        await _within(OVER_LIMIT_S, self._ending)
        over = child.role == "basestation" or self._stopping or self._ending.is_set()
        return not over and any(each.role == "basestation" and each.is_running for each in self.children)

    def _take_restart(self, missed: Child) -> bool:
        if self._restarts.take(missed.role):
            return True
        self._died.set()
        return False

    def _note(self, death: Death, child: Child) -> None:
        self._deaths.append(death)
        if not (death.exit_code == ExitCode.OK and child.finishes):
            self._died.set()
        if death.is_cause:
            self._cause_found.set()

    async def _outcome(self, task: "asyncio.Task[T]") -> T:
        try:
            return task.result()
        except SplitwaveError:
            # A broken stream is usually the consequence of a process that ended; report that process instead.
            self._ending.set()
            await _within(SETTLE_S, self._died)
            if self._deaths:
                raise await self._root_error() from None
            raise

    async def _root_error(self) -> SplitwaveError:
        self._ending.set()
        await _within(SETTLE_S, self._cause_found)
        return root_cause(self._deaths).error()

    async def _stop(self) -> None:
        self._stopping = True
        for watcher in self._watchers.values():
            watcher.cancel()  # also one that is starting a process again, which asyncio then kills
        for child in self.children:
            child.terminate()
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


async def _ended(exits: Iterable["asyncio.Task[int]"]) -> None:
    """Wait for these exits at most `GRACE_S`."""
    _, late = await asyncio.wait(list(exits), timeout=GRACE_S)
    for task in late:
        task.cancel()


async def _within(limit_s: float, event: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(event.wait(), limit_s)
    except TimeoutError:
        return
