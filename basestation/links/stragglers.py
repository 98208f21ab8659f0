"""Notices links that owe something for too long. No clock: the caller says what time it is."""

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
    """Which links are late.

    Attributes:
        late: their numbers.
    """

    def __init__(self, late_after_s: float) -> None:
        """Args: seconds that a link may owe something."""
        self._late_after_s = late_after_s
        self._debts: dict[int, _Debt] = {}
        self.late: set[int] = set()

    def check(self, now: float, debts: Mapping[int, int]) -> list[StragglerChange]:
        """What changed since the last check.

        Args:
            now: seconds on a monotonic clock.
            debts: by link that owes something, a count of all that passed over it: a count that grew means that the
                link paid a debt in between and owes a new one.
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
