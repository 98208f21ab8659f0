"""The log of refused calls: one line for each peer and reason, and their count, whatever the peer repeats."""

from collections import Counter

import structlog

MOST_KINDS = 1_000
"""Peers and reasons that are distinguished; those beyond share a line, so that memory is bounded."""

log = structlog.get_logger()


class RefusalLog:
    """Counts refusals, and logs the first of each kind and every tenfold of it.

    Attributes:
        counts: by peer and reason, how often a call was refused.
    """

    def __init__(self, event: str = "call refused") -> None:
        """Nothing is refused yet.

        Args:
            event: the text of the log's lines.
        """
        self._event = event
        self.counts: Counter[tuple[str, str]] = Counter()

    @property
    def total(self) -> int:
        """The number of refused calls."""
        return self.counts.total()

    def note(self, peer: str, reason: str, address: str) -> None:
        """Count a refusal.

        Args:
            peer: who was refused, as far as that is known.
            reason: why.
            address: where it called from; not part of the kind, because it changes with each connection.
        """
        kind = (peer, reason)
        if kind not in self.counts and len(self.counts) >= MOST_KINDS:
            kind = ("others", "various reasons")
        self.counts[kind] += 1
        times = self.counts[kind]
        if str(times).strip("0") == "1":  # 1, 10, 100, …
            log.warning(self._event, party=kind[0], reason=kind[1], peer=address, times=times)
