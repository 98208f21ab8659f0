"""Looks for links that keep the others waiting, as long as a run is under way."""

import asyncio
from collections.abc import Callable, Mapping

from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.links.stragglers import StragglerDetector
from splitwave.basestation.run.events import RunObserver

_CHECKS = 10
"""How often the links are looked at within the time after which one is late."""


class StragglerWatch:
    """Announces which links become late, and which catch up."""

    def __init__(self, late_after_s: float, sessions: Mapping[int, LinkSession], events: RunObserver) -> None:
        """Args: seconds that a link may owe something; by link, who holds it; where changes are announced."""
        self._late_after_s = late_after_s
        self._sessions = sessions
        self._events = events
        self._detector = StragglerDetector(late_after_s)

    @property
    def late(self) -> set[int]:
        """The links that owe something for too long."""
        return self._detector.late

    def reset(self) -> None:
        """No link is late: the run starts over."""
        self._detector = StragglerDetector(self._late_after_s)

    async def run(self, debts: Callable[[], Mapping[int, int]]) -> None:
        """Look again and again, until cancelled.

        Args:
            debts: by link that owes something, the count that `StragglerDetector.check` takes.
        """
        while True:
            await asyncio.sleep(self._late_after_s / _CHECKS)
            for change in self._detector.check(asyncio.get_running_loop().time(), debts()):
                session = self._sessions.get(change.link)
                self._events.link_lateness_changed(change, session.device_id if session else None)
