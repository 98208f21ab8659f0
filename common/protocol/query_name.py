"""The names of live queries, by which the base station finds the parts that belong together."""

from dataclasses import dataclass
from typing import Self

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase

_HALF = 1 << 32
_WORD = 1 << 64


@dataclass(frozen=True, slots=True, order=True)
class QueryName:
    """The name of a live query. All devices give their parts of one query the same name.

    The query `sequence` of the stream `stream` has the block key, and so the channel noise, of query number `sequence`
    of the serving pass number `stream`.

    Attributes:
        stream: < 2³²; one application with its sensors, say.
        sequence: < 2⁶⁴; need not be consecutive.
    """

    stream: int
    sequence: int

    def __post_init__(self) -> None:
        """Refuse a number that does not fit.

        Raises:
            ProtocolError: one does not.
        """
        for what, value, limit in (("stream", self.stream, _HALF), ("sequence", self.sequence, _WORD)):
            if not 0 <= value < limit:
                raise ProtocolError(f"{what} = {value} of a query: expected 0 to {limit - 1}")

    @classmethod
    def captured_at(cls, stream: int, time_ns: int, period_ns: int) -> Self:
        """Name a query by its capture time.

        Args:
            stream: as for the class.
            time_ns: when the sample was captured, in nanoseconds of a clock that all devices share.
            period_ns: captures less than half a period from the same multiple of the period are of the same query.

        Raises:
            ProtocolError: the time or the period is not positive.
        """
        if time_ns < 0 or period_ns <= 0:
            raise ProtocolError(f"a capture at {time_ns} ns with a period of {period_ns} ns: expected positive times")
        return cls(stream, (time_ns + period_ns // 2) // period_ns)

    @classmethod
    def of(cls, key: BlockKey) -> Self:
        """The name of the query with this key.

        Raises:
            ProtocolError: it is no key of a query.
        """
        if key.phase is not Phase.SERVE:
            raise ProtocolError(f"{key} is no live query")
        high, stream = divmod(key.step, _HALF)
        return cls(stream, high * _HALF + key.micro_batch)

    @property
    def key(self) -> BlockKey:
        """The key of its blocks."""
        high, low = divmod(self.sequence, _HALF)
        return BlockKey(Phase.SERVE, high * _HALF + self.stream, low)

    def __str__(self) -> str:
        return f"query {self.sequence} of stream {self.stream}"
