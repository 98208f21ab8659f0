"""Turns Ctrl-C, SIGTERM and SIGHUP into the cancellation of a coroutine, so that it can clean up."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that end a command; a closed terminal does not end one that was started with `nohup`.

    `nohup` starts a command with SIGHUP ignored, and a handler would undo that.
    """
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return tuple(number for number in _STOP_SIGNALS if number is not signal.SIGHUP or not ignored)


def run_interruptibly(work: Coroutine[object, object, T]) -> T:
    """Run `work` and return its result; must be called in the main thread because it handles signals.

    Raises:
        KeyboardInterrupt: a signal was received, and `work` was cancelled and has cleaned up.
    """

    async def main() -> T:
        with _cancelled_by_signals():
            return await work

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


@contextmanager
def _cancelled_by_signals() -> Iterator[None]:
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    cancel = task.cancel

    def handle(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(cancel)

    # Not the event loop's own handlers: removing those restores the default action, which kills the process.
    before = {number: signal.signal(number, handle) for number in stop_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
