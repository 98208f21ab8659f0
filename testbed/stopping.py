"""Asks a training to end between two steps: by a signal, or because a time is over."""

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], object] | int | None


class StopRequest:
    """Becomes `requested` when one of its signals comes, or at a time; it never becomes anything else again."""

    def __init__(self, after_s: float | None = None, signals: Sequence[signal.Signals] = (signal.SIGUSR1,)) -> None:
        """Set up a request that nobody has made yet.

        Args:
            after_s: seconds from now on until it is made; None for no such time.
            signals: that make it while `listening`.
        """
        self._deadline_s = None if after_s is None else time.monotonic() + after_s
        self._signals = tuple(signals)
        self._made = False
        self._wake: Callable[[], object] = lambda: None
        self._before: dict[int, Handler] = {}

    @property
    def requested(self) -> bool:
        """Whether the training is to end."""
        return self._made or (self._deadline_s is not None and time.monotonic() >= self._deadline_s)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within the `with`, handle the signals; a second one has its usual effect. In the main thread only."""
        with self._handling(self._signals):
            yield

    @contextmanager
    def listening_early(self) -> Iterator[None]:
        """Within the `with`, which is around the training, handle SIGUSR1: it would end a process that starts."""
        with self._handling([number for number in self._signals if number is signal.SIGUSR1]):
            yield

    async def wait(self) -> None:
        """Wait until the request is made."""
        loop, made = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(made.set)
        left_s = None if self._deadline_s is None else max(0.0, self._deadline_s - time.monotonic())
        try:
            if not self._made:
                await asyncio.wait_for(made.wait(), left_s)
        except TimeoutError:
            return
        finally:
            self._wake = lambda: None

    @contextmanager
    def _handling(self, signals: Sequence[signal.Signals]) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        outer = self._before
        before: dict[int, Handler] = {number: signal.signal(number, self._handle) for number in signals}
        self._before = {**before, **outer}
        try:
            yield
        finally:
            self._before = outer
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        before = self._before.get(number)
        if self._made and callable(before):
            before(number, frame)
        self._made = True
        self._wake()
