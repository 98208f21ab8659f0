"""Notices links that owe something for too long. It has no clock: the caller passes the time."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StragglerChange:
    """A link became late, or caught up, after `silent_s` seconds in which it owed something."""

    link: int
    late: bool
    silent_s: float


@dataclass(frozen=True, slots=True)
class _Debt:
    activity: int
    since: float


class StragglerDetector:
    """Follows what links owe.

    Attributes:
        late: the links that have owed something for too long.
    """

    def __init__(self, late_after_s: float) -> None:
        """Args: how many seconds a link may owe something."""
        self._late_after_s = late_after_s
        self._debts: dict[int, _Debt] = {}
        self.late: set[int] = set()

    def check(self, now: float, debts: Mapping[int, int]) -> list[StragglerChange]:
        """Take note of what links owe now.

        Args:
            now: seconds on a monotonic clock.
            debts: for each link that owes something, a count of the messages on it: a count that grew
                since the last check means that the link paid a debt and owes a new one.

        Returns:
            The links that became late or caught up since the last check.
        """
        before = self._debts
        self._debts = {link: self._debt(before.get(link), activity, now) for link, activity in debts.items()}
        changes = []
        for link in sorted(before.keys() | self._debts.keys()):
            debt = self._debts.get(link)
            late = debt is not None and now - debt.since >= self._late_after_s
            if late != (link in self.late):
                changes.append(StragglerChange(link, late, now - (debt if late and debt else before[link]).since))
                self.late ^= {link}
        return changes

    @staticmethod
    def _debt(known: _Debt | None, activity: int, now: float) -> _Debt:
        return known if known is not None and known.activity == activity else _Debt(activity, now)
