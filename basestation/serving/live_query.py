"""The parts of a live query, and its answer.

Shapes: d symbols of a link.
"""

from dataclasses import dataclass
from typing import Protocol

from splitwave.basestation.serving.live_session import LiveSession
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.live_channel import LiveChannel
from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.tasks.task import Answers


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A link's part of a live query.

    Attributes:
        name: of the query.
        session: is owed the outcome.
        symbols: (1, 1, d) as received.
        model: number of the model that encoded it.
        arrived_ns: when it came, on this machine's clock.
        beta: under which it was encoded; None unless the networks are β-conditioned.
        channel: the live state of the link that it met; None for that of the settings.
    """

    name: QueryName
    session: LiveSession
    symbols: Float32
    model: int
    arrived_ns: int = 0
    beta: float | None = None
    channel: LiveChannel | None = None

    @property
    def link(self) -> int:
        """The link that it came over."""
        return self.session.link


@dataclass(frozen=True, slots=True, eq=False)
class FusedQuery:
    """A query that can be decoded: parts of one model, at most one a link."""

    name: QueryName
    model: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """The answer to a query, and how it came about.

    Attributes:
        answers, links, probabilities, betas, psnr_db, model, channel_versions: as in `QueryAnswer`.
        fused_ns, decoding_ns, decoded_ns: when the query had its links, and the decoder began and ended.
    """

    answers: Answers
    links: tuple[int, ...]
    probabilities: Float32 | None
    betas: tuple[float, ...]
    psnr_db: tuple[float, ...]
    channel_versions: tuple[int, ...]
    model: int
    fused_ns: int
    decoding_ns: int
    decoded_ns: int


class QuerySink(Protocol):
    """Carries out what `QueryFusion` decides."""

    def decode(self, query: FusedQuery) -> None:
        """Have a query decoded; `QueryFusion.answered` is called later, not from here."""
        ...

    def settle(self, part: Part, outcome: Outcome, answered: Answered | None) -> None:
        """Tell a device the outcome of a part that it sent."""
        ...

    def reencode(self, part: Part, model: int) -> None:
        """Ask a device to send a part again, encoded with another model; that is the outcome of this one."""
        ...
