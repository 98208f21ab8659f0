"""Turns Ctrl-C, SIGTERM and SIGHUP into the cancellation of a coroutine, so that it can clean up.

Where signals cannot be handled, in a thread other than the main one, the coroutine is cancelled by an `Interrupter`.
"""

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType
from typing import TypeVar

from splitwave.common.runtime.stop_signals import stop_signals, wake_for_signals

T = TypeVar("T")


class Interrupter:
    """Interrupts, from any thread, the work that another thread does in `interruptible_by` this object."""

    def __init__(self) -> None:
        """Nothing is interrupted yet."""
        self._lock = threading.Lock()
        self._interrupted = False
        self._running: tuple[asyncio.AbstractEventLoop, asyncio.Task[object]] | None = None

    def interrupt(self) -> None:
        """Cancel the current work, and all that is begun later; returns at once."""
        with self._lock:
            self._interrupted = True
            if self._running is not None:
                loop, task = self._running
                loop.call_soon_threadsafe(task.cancel)

    @contextmanager
    def cancelling(self, task: "asyncio.Task[object]") -> Iterator[None]:
        """Cancel a task of the running loop if this object is interrupted during the `with`, or was before."""
        with self._lock:
            self._running = asyncio.get_running_loop(), task
            if self._interrupted:
                task.cancel()
        try:
            yield
        finally:
            with self._lock:
                self._running = None


_interrupter: ContextVar[Interrupter | None] = ContextVar("interrupter", default=None)


@contextmanager
def interruptible_by(interrupter: Interrupter) -> Iterator[None]:
    """Within the `with`, in this thread, `run_interruptibly` is interrupted by this object instead of by signals."""
    token = _interrupter.set(interrupter)
    try:
        yield
    finally:
        _interrupter.reset(token)


def run_interruptibly(work: Coroutine[object, object, T]) -> T:
    """Run `work` and return its result.

    In the main thread, signals interrupt it; elsewhere only the `Interrupter` of the thread does. If an event loop runs
    in this thread, as in a notebook, the work gets a thread of its own, and a KeyboardInterrupt interrupts it.

    Raises:
        KeyboardInterrupt: `work` was interrupted, and has cleaned up.
    """
    interrupter = _interrupter.get()
    if interrupter is not None:
        return _run_cancelled_by(interrupter, work)
    if _loop_runs_here():
        return _run_beside_the_loop(work)
    if threading.current_thread() is not threading.main_thread():
        return _run_cancelled_by(Interrupter(), work)

    async def main() -> T:
        with _cancelled_by_signals():
            return await work

    return _run(main())


def _run_cancelled_by(interrupter: Interrupter, work: Coroutine[object, object, T]) -> T:
    async def main() -> T:
        task = asyncio.current_task()
        assert task is not None
        with interrupter.cancelling(task):
            return await work

    return _run(main())


def _run_beside_the_loop(work: Coroutine[object, object, T]) -> T:
    interrupter = Interrupter()
    with ThreadPoolExecutor(1, thread_name_prefix="splitwave") as pool:
        done: Future[T] = pool.submit(_run_cancelled_by, interrupter, work)
        try:
            return done.result()
        except KeyboardInterrupt:
            interrupter.interrupt()
            raise


def _run(main: Coroutine[object, object, T]) -> T:
    try:
        return asyncio.run(main)
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _loop_runs_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@contextmanager
def _cancelled_by_signals() -> Iterator[None]:
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    cancel = task.cancel

    def handle(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(cancel)

    wake_for_signals(loop)
    # Not the event loop's own handlers: removing those restores the default action, which kills the process.
    before = {number: signal.signal(number, handle) for number in stop_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
