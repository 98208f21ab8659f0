"""Messages that may not go on yet. They wait in the order of their port, one queue a direction."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

from splitwave.channel.emulator.clock import Cancel, Clock
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.wire.bundling import Message

MAX_HELD = 2048
"""Most messages without a credit that wait in a queue: reports, and gradients on their way back."""


def always() -> bool:
    """Nothing else is waited for."""
    return True


@dataclass(frozen=True, slots=True)
class Held(Generic[Message]):
    """A message that waits.

    Attributes:
        message: that leaves, in its final form once `finish` was called.
        from_ns: the earliest time at which it may leave, by the clock of the queue; 0 if it waits for no time.
        is_complete: whether all that it waits for, other than time, is there.
        finish: called when it leaves.
        credits: of a block, how many blocks its link may have unanswered, so that as many may wait with this one
            included; None of other messages.
    """

    message: Message
    from_ns: int = 0
    is_complete: Callable[[], bool] = always
    finish: Callable[[], None] = lambda: None
    credits: int | None = None


class HeldMessages(Generic[Message]):
    """The queue of one port and direction: a message leaves when it may, and all before it have left.

    Only the first message has an alarm, because none behind it leaves earlier.
    """

    def __init__(self, clock: Clock, wake: Callable[[], None]) -> None:
        """Args: the clock of all times; `wake` is called, from any thread, when the time of a message has come."""
        self._clock = clock
        self._wake = wake
        self._queue: deque[Held[Message]] = deque()
        self._blocks = 0
        self._alarm_ns = 0
        self._cancel_alarm: Cancel = lambda: None

    def __bool__(self) -> bool:
        """Whether any message waits."""
        return bool(self._queue)

    def goes_on(self, held: Held[Message]) -> bool:
        """Whether a message need not wait, and is in its final form; else it waits behind all others here.

        Raises:
            ProtocolError: as many wait as may. A block that waits here does not reach the base station, which could
                not refuse it.
        """
        if not self._queue and not held.from_ns and held.is_complete():
            held.finish()
            return True
        self._check_room(held)
        self._queue.append(held)
        self._blocks += held.credits is not None
        if len(self._queue) == 1:
            self._set_alarm()
        return False

    def leaving(self) -> list[Message]:
        """Take out the messages that may leave now, in order, in their final form."""
        messages: list[Message] = []
        if not self._queue:
            return messages
        now_ns = self._clock.now_ns()
        while self._queue and self._queue[0].from_ns <= now_ns and self._queue[0].is_complete():
            held = self._queue.popleft()
            self._blocks -= held.credits is not None
            held.finish()
            messages.append(held.message)
        if not self._queue:
            self._drop_alarm()
        elif self._queue[0].from_ns > now_ns:
            self._set_alarm()
        return messages

    def drop_incomplete(self) -> None:
        """Drop the first message that waits for more than time, and all behind it."""
        kept = 0
        while kept < len(self._queue) and self._queue[kept].is_complete():
            kept += 1
        while len(self._queue) > kept:
            self._blocks -= self._queue.pop().credits is not None
        if not self._queue:
            self._drop_alarm()

    def clear(self) -> None:
        """Drop all: they have become void."""
        self._queue.clear()
        self._blocks = 0
        self._drop_alarm()

    def _set_alarm(self) -> None:
        """Ring when the first message is due, unless its alarm is set."""
        due_ns = self._queue[0].from_ns
        if due_ns and due_ns != self._alarm_ns:
            self._drop_alarm()
            self._alarm_ns, self._cancel_alarm = due_ns, self._clock.call_at(due_ns, self._wake)

    def _drop_alarm(self) -> None:
        self._cancel_alarm()
        self._alarm_ns, self._cancel_alarm = 0, lambda: None

    def _check_room(self, held: Held[Message]) -> None:
        if held.credits is not None and self._blocks >= held.credits:
            raise ProtocolError(
                f"a block came without credit: {self._blocks} of its link wait in the channel",
                Refusal.RESOURCE_EXHAUSTED,
            )
        if held.credits is None and len(self._queue) - self._blocks >= MAX_HELD:
            raise ProtocolError(f"{MAX_HELD} messages of a link wait in the channel", Refusal.RESOURCE_EXHAUSTED)
