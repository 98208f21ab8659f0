"""The blocks of one command: which may be sent, when the next is due, and which answer is expected."""

from collections import deque
from typing import NamedTuple

import numpy as np

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.plan import RunPlan


class NextBlock(NamedTuple):
    """A block that may be sent."""

    key: BlockKey
    symbols: Symbols


class BlockWindow:
    """Counts the blocks of a training step or a pass that were sent and answered, both in order.

    A block may be sent when the link has credit for it: fewer unanswered blocks than the plan allows. A block that is
    dropped counts as sent and answered in its turn, without an answer.

    Attributes:
        together: how many blocks of a pass are made before the first of them leaves.
        sent: blocks that were made and sent, or dropped.
        answered: blocks whose answer was received, or that were dropped before.
    """

    def __init__(
        self,
        plan: RunPlan,
        phase: Phase,
        step: int,
        symbols: Symbols,
        *,
        begun_ns: int,
        schedule_ns: Int64 | None = None,
        most_waiting: int | None = None,
    ) -> None:
        """Begin a command.

        Args:
            plan: of the run.
            phase: of the command.
            step: of the command.
            symbols: hard or soft.
            begun_ns: when the command was received, on the device's clock.
            schedule_ns: (blocks,) times on this clock at which the blocks of an open loop are due; else None.
            most_waiting: due blocks of an open loop that `drop_overdue` leaves, at least one; None: it leaves all.

        Raises:
            ProtocolError: the command has no blocks.
        """
        self._phase, self._step, self._symbols = phase, step, symbols
        self._total = plan.block_count(phase, step)
        if self._total == 0:
            raise ProtocolError(f"a {phase.name.lower()} pass was asked for, but it has no samples")
        self._credits = plan.window(phase)
        self._schedule_ns = schedule_ns
        self._most_waiting = most_waiting
        self._dropped: deque[int] = deque()
        self._freed_ns = begun_ns
        self.together = plan.together(phase)
        self.sent = 0
        self.answered = 0

    @property
    def all_sent(self) -> bool:
        """Whether no block is left to send."""
        return self.sent == self._total

    @property
    def all_answered(self) -> bool:
        """Whether the command is completed."""
        return self.answered == self._total

    @property
    def may_send_unscheduled(self) -> bool:
        """Whether there is a next block that may be sent, and it is due at once."""
        return self._schedule_ns is None and self.sent < self._allowed

    def next_block(self) -> NextBlock | None:
        """The next block to send; None if there is none, or the link has no credit for it."""
        if self.sent >= self._allowed:
            return None
        return NextBlock(BlockKey(self._phase, self._step, self.sent), self._symbols)

    def next_due_ns(self) -> int | None:
        """When the next block of an open loop is due; None if there is none, or the link has no credit for it."""
        if self._schedule_ns is None or self.sent >= self._allowed:
            return None
        return int(self._schedule_ns[self.sent])

    def count_sent(self) -> int:
        """Count the next block as sent.

        Returns:
            when it was due: by the schedule, otherwise as soon as the link had credit for it.
        """
        due_ns = self._freed_ns if self._schedule_ns is None else int(self._schedule_ns[self.sent])
        self.sent += 1
        return due_ns

    def count_answer(self, key: BlockKey, at_ns: int) -> None:
        """Count the answer to a block, received at `at_ns`.

        Raises:
            ProtocolError: the answer to another block is expected.
        """
        expected = BlockKey(self._phase, self._step, self.answered)
        if key != expected:
            raise ProtocolError(f"an answer to {key}: expected one to {expected}")
        self.answered += 1
        self._skip_dropped()
        self._freed_ns = at_ns

    def drop_overdue(self, now_ns: int) -> range:
        """Drop the oldest of the blocks that are due and wait, beyond the limit.

        Returns:
            the numbers of the dropped blocks; the last block of a command is never among them.
        """
        if self._schedule_ns is None or self._most_waiting is None:
            return range(0)
        due = int(np.searchsorted(self._schedule_ns, now_ns, side="right"))
        dropped = range(self.sent, due - self._most_waiting)
        if dropped:
            self._dropped.extend(dropped)
            self.sent = dropped.stop
            self._skip_dropped()
        return dropped

    def due_ns(self, number: int) -> int:
        """When a block of an open loop was or is due."""
        assert self._schedule_ns is not None  # asked about open loops only
        return int(self._schedule_ns[number])

    @property
    def _allowed(self) -> int:
        """How many blocks may be sent so far; those that were dropped take no credit."""
        return min(self._total, self.answered + len(self._dropped) + self._credits)

    def _skip_dropped(self) -> None:
        """Count dropped blocks whose turn it is."""
        while self._dropped and self._dropped[0] == self.answered:
            self._dropped.popleft()
            self.answered += 1
