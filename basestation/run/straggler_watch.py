"""Looks for links that keep the others waiting, as long as a run is under way."""

import asyncio
from collections.abc import Callable, Mapping

from splitwave.basestation.links.link_session import LinkSession
from splitwave.basestation.links.stragglers import StragglerDetector
from splitwave.basestation.run.events import RunObserver
from splitwave.common.errors import ProtocolError, Refusal

_CHECKS = 10
"""How often the links are looked at within the time after which one is late."""


class StragglerWatch:
    """Announces which links become late, and which catch up; ends the streams of those that never do."""

    def __init__(
        self, late_after_s: float, give_up_s: float, sessions: Mapping[int, LinkSession], events: RunObserver
    ) -> None:
        """Set up a watch.

        Args:
            late_after_s: seconds that a link may owe something.
            give_up_s: seconds after which its stream ends; they hold for Ready after a Welcome, too.
            sessions: by link, who holds it.
            events: where changes are announced.
        """
        self._late_after_s = late_after_s
        self._give_up_s = give_up_s
        self._silence = StragglerDetector(give_up_s)
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
        self._silence = StragglerDetector(self._give_up_s)

    async def run(self, debts: Callable[[], Mapping[int, int]]) -> None:
        """Look again and again, until cancelled.

        Args:
            debts: by link that owes something, the count that `StragglerDetector.check` takes.
        """
        while True:
            await asyncio.sleep(min(self._late_after_s, self._give_up_s) / _CHECKS)
            now, owed = asyncio.get_running_loop().time(), debts()
            for change in self._detector.check(now, owed):
                session = self._sessions.get(change.link)
                self._events.link_lateness_changed(change, session.device_id if session else None)
            for change in self._silence.check(now, owed or self._unready()):
                if change.late and change.link in self._sessions:
                    reason = f"link {change.link} has owed a message for {self._give_up_s:g} s"
                    self._sessions[change.link].end(ProtocolError(reason, Refusal.DEADLINE_EXCEEDED))

    def _unready(self) -> dict[int, int]:
        """Before a run begins, the links that owe a Ready."""
        return {link: session.activity for link, session in self._sessions.items() if not session.ready}
