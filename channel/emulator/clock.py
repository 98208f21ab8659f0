"""The clock by which the emulator holds messages, and its alarm, which rings within a tenth of a millisecond.

asyncio rounds each of its timers up to whole milliseconds (epoll), as long as a fifth of a sample's airtime. A thread
can wait more precisely; it exists while anything waits.
"""

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol

_IDLE_S = 1.0
"""Seconds after its last alarm at which the thread ends."""
_LONGEST_WAIT_S = 3600.0

Cancel = Callable[[], None]
"""Takes an alarm back; does nothing once it has rung."""
_Alarm = tuple[int, int, Callable[[], None]]


class Clock(Protocol):
    """Tells the time and rings alarms; tests have one that stands still."""

    def now_ns(self) -> int:
        """Nanoseconds of a clock that never goes back."""
        ...

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Cancel:
        """Call `callback`, from any thread, as soon as the time has come; it must not block or raise."""
        ...


class ThreadClock:
    """The machine's monotonic clock, whose alarms ring in a thread of their own."""

    def __init__(self) -> None:
        self._alarms: _Alarms | None = None

    def now_ns(self) -> int:
        """Nanoseconds since an arbitrary time, those of all other stamps."""
        return time.perf_counter_ns()

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Cancel:
        """Call `callback` from the thread of alarms."""
        if self._alarms is None:
            self._alarms = _Alarms()
        return partial(self._alarms.cancel, self._alarms.add(when_ns, callback))

    @property
    def alarms(self) -> int:
        """How many have neither rung nor been cancelled."""
        return 0 if self._alarms is None else len(self._alarms)


class _Alarms:
    """A queue of alarms, and the thread that waits for the first of them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: list[_Alarm] = []
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, when_ns: int, callback: Callable[[], None]) -> _Alarm:
        with self._changed:
            alarm = (when_ns, next(self._numbers), callback)
            heapq.heappush(self._queue, alarm)
            if self._thread is None:
                self._thread = threading.Thread(target=self._ring, name="alarms", daemon=True)
                self._thread.start()
            elif self._queue[0][0] == when_ns:
                self._changed.notify()
        return alarm

    def cancel(self, alarm: _Alarm) -> None:
        """Take an alarm out. There is one a port and direction, so that few are looked through."""
        with self._changed:
            for place, (_, number, _) in enumerate(self._queue):
                if number == alarm[1]:
                    del self._queue[place]
                    heapq.heapify(self._queue)
                    return

    def _ring(self) -> None:
        while (callback := self._next()) is not None:
            callback()

    def _next(self) -> Callable[[], None] | None:
        """Wait for the first alarm; None when there has been none for `_IDLE_S`, and the thread is over."""
        with self._changed:
            while True:
                if not self._queue:
                    if not self._changed.wait(_IDLE_S) and not self._queue:
                        self._thread = None
                        return None
                    continue
                left_ns = self._queue[0][0] - time.perf_counter_ns()
                if left_ns <= 0:
                    return heapq.heappop(self._queue)[2]
                self._changed.wait(min(left_ns / 1e9, _LONGEST_WAIT_S))
