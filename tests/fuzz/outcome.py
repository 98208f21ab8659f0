"""The ends of damaged streams, and everything that must not happen."""

from collections import Counter
from dataclasses import dataclass, field

from splitwave.common.errors import Refusal

_EXPECTED = {"OK", "CANCELLED", *(refusal.name for refusal in Refusal)}


@dataclass
class Outcome:
    """The ends of the streams.

    Attributes:
        statuses: how many streams each server ended with each status.
        faults: what must not happen, one line each.
        growth_bytes: of each server's resident memory, from a tenth of the streams on.
    """

    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    growth_bytes: dict[str, int] = field(default_factory=dict)

    def note(self, server: str, kind: str, status: str, reason: str) -> None:
        """Count the end of a stream."""
        self.statuses[server, status] += 1
        if status not in _EXPECTED or (status not in {"OK", "CANCELLED"} and not reason):
            self.faults.append(f"{server}, {kind}: {status} {reason!r}")
