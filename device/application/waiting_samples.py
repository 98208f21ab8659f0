"""The samples of a stream that wait to be submitted: at most a given number, and a rule for when there are more."""

from collections import deque
from typing import Generic, Literal, TypeVar, get_args

from splitwave.common.errors import ConfigError

T = TypeVar("T")

Buffer = Literal["block", "latest", "drop-oldest"]
"""`block` reads the source no faster than answers come; `latest` keeps the newest sample alone; `drop-oldest` keeps the
newest `most_waiting` samples."""

_UNANSWERED = 64
"""Queries of a stream that are under way at a time."""


class WaitingSamples(Generic[T]):
    """A bounded queue. It has no lock: its user has one.

    Attributes:
        most_unanswered: queries that may be under way. With `latest` it is one, so that every sample is the newest when
            it is sent.
        dropped: samples that gave way to newer ones, or were not wanted any more.
    """

    def __init__(self, buffer: Buffer, most_waiting: int) -> None:
        """Begin empty.

        Raises:
            ConfigError: there is no such buffer, or it has no place.
        """
        if buffer not in get_args(Buffer):
            raise ConfigError(f"buffer = {buffer!r} of a stream: expected {', '.join(get_args(Buffer))}")
        if most_waiting < 1:
            raise ConfigError(f"most_waiting = {most_waiting} of a stream: expected 1 or more")
        self._waiting: deque[T] = deque()
        self._blocks = buffer == "block"
        self._most = 1 if buffer == "latest" else most_waiting
        self.most_unanswered = 1 if buffer == "latest" else _UNANSWERED
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def has_room(self) -> bool:
        """Whether the next sample may be read from the source."""
        return not self._blocks or len(self._waiting) < self._most

    def add(self, sample: T) -> None:
        """Take a sample; without a place for it, the oldest is dropped."""
        if len(self._waiting) == self._most:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(sample)

    def take(self) -> T:
        """The oldest sample."""
        return self._waiting.popleft()

    def clear(self) -> None:
        """Drop all samples."""
        self.dropped += len(self._waiting)
        self._waiting.clear()
