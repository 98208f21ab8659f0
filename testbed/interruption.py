"""Ctrl-C, SIGTERM and SIGHUP as the cancellation of what runs, so that it stops what it started in good order."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_interruptibly(work: Coroutine[object, object, T]) -> T:
    """The outcome of `work`; must be called in the main thread, for it handles signals.

    Raises:
        KeyboardInterrupt: a signal came, and `work` has cleaned up.
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

    # Not the event loop's own handlers: it would leave the default behind, which kills.
    before = {number: signal.signal(number, handle) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
