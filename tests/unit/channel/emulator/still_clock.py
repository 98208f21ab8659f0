"""A clock that a test moves."""

import heapq
import itertools
from collections.abc import Callable


class StillClock:
    """Stands still until `pass_ns`, which rings the alarms that have come due."""

    def __init__(self, now_ns: int = 1_000) -> None:
        self._now_ns = now_ns
        self._alarms: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def now_ns(self) -> int:
        return self._now_ns

    def call_at(self, when_ns: int, callback: Callable[[], None]) -> Callable[[], None]:
        alarm = (when_ns, next(self._numbers), callback)
        heapq.heappush(self._alarms, alarm)

        def cancel() -> None:
            self._alarms = [other for other in self._alarms if other[1] != alarm[1]]
            heapq.heapify(self._alarms)

        return cancel

    def pass_ns(self, duration_ns: int) -> None:
        self._now_ns += duration_ns
        while self._alarms and self._alarms[0][0] <= self._now_ns:
            heapq.heappop(self._alarms)[2]()

    @property
    def alarms(self) -> int:
        """How many have not rung."""
        return len(self._alarms)
