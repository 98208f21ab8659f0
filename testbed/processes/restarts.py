"""Decides which process of a testbed is started again in its place after it ended, and counts how often."""

from collections import Counter
from collections.abc import Mapping
from itertools import count

from splitwave.common.exit_codes import ExitCode

# Exit codes of a process that ended because it lost a peer.
PEER_LOSS_CODES = frozenset({ExitCode.RUN_FAILED, ExitCode.UNREACHABLE})


class Restarts:
    """The restarts of one testbed's processes.

    A restart repairs the death of a process that was killed, and of one that lost a killed peer. Any other cause, such
    as a wrong setting, would end the process again.
    """

    def __init__(self, limit: int) -> None:
        """Nothing has been started again; args: how often each process may be."""
        self.limit = limit
        self._counts: Counter[str] = Counter()
        self._clock = count(1)
        self._started: dict[str, int] = {}
        self._killed: dict[str, int] = {}

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each process was started again, by its role, in the order of their first restarts."""
        return dict(self._counts)

    def note_start(self, role: str) -> None:
        """A process begins, for the first time or again."""
        self._started[role] = next(self._clock)

    def note_end(self, role: str, exit_code: int) -> None:
        """A process ended with asyncio's exit code: negative for the signal that killed it."""
        if exit_code < 0:
            self._killed[role] = next(self._clock)

    def lost_peer(self, role: str) -> bool:
        """Whether any other process was killed since this one began."""
        return any(at > self._started[role] for other, at in self._killed.items() if other != role)

    def is_repairable(self, role: str, exit_code: int) -> bool:
        """Whether a process that ended with this code may do better when it is started again."""
        return exit_code < 0 or (exit_code in PEER_LOSS_CODES and self.lost_peer(role))

    def take(self, role: str) -> bool:
        """Use up one restart of a process; False if there is none left."""
        if self._counts[role] >= self.limit:
            return False
        self._counts[role] += 1
        return True
