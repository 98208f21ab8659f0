"""Puts the parts of live queries together by their names, whichever link they come from and in whatever order."""

from splitwave.basestation.run.block_deadlines import BlockDeadlines, CallLater, event_loop_timer
from splitwave.basestation.serving.ended_queries import EndedQueries
from splitwave.basestation.serving.live_query import Answered, Part, QuerySink
from splitwave.basestation.serving.needed_links import NeededLinks
from splitwave.basestation.serving.waiting_query import WaitingQuery
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.protocol.query_name import QueryName

MAX_WAITING = 4096
"""Queries that wait for links at a time. When one more begins, the time of the oldest is over early: of all of them its
missing parts are the least likely to come. A link alone cannot fill this, as it has credit for a quarter of it."""


class _Decoding:
    """A query that is being decoded: the parts in it, and those that came after it was fused, by link."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.fused = {part.link: part for part in parts}
        self.late: dict[int, Part] = {}


class QueryFusion:
    """Decides when a query is decoded, and the outcome of each part. It has no clock and no transport.

    A query begins with its first part. It is decoded when the fusion policy has the links that it needs, or when its
    time is over, with the links that are in if the policy allows that. Each part has exactly one outcome, which
    `QuerySink` carries out.
    """

    def __init__(
        self,
        needed: NeededLinks,
        sink: QuerySink,
        ended: EndedQueries,
        *,
        query_timeout_s: float,
        call_later: CallLater = event_loop_timer,
    ) -> None:
        """No query has begun, and no link is connected.

        Args:
            needed: the links that queries need.
            sink: carries decisions out.
            ended: the queries that ended.
            query_timeout_s: how long a query waits for links at most; a shorter limit of the policy comes first.
            call_later: by which clock.
        """
        wait_s = query_timeout_s if needed.wait_s is None else min(query_timeout_s, needed.wait_s)
        self._needed = needed
        self._sink = sink
        self._ended = ended
        self._deadlines = BlockDeadlines(wait_s, self._expire, call_later)
        self._connected: set[int] = set()
        self._current = 0
        self._waiting: dict[QueryName, WaitingQuery] = {}
        self._decoding: dict[QueryName, tuple[int, _Decoding]] = {}

    @property
    def models(self) -> set[int]:
        """The numbers of the models that queries wait for, or are decoded with."""
        waiting = {query.model for query in self._waiting.values()}
        return waiting | {model for model, _ in self._decoding.values()}

    def use(self, model: int) -> None:
        """From now on this is the model that all connected devices have."""
        self._current = model

    def connect(self, link: int) -> None:
        """A link takes part: queries may wait for it."""
        self._connected.add(link)

    def disconnect(self, link: int) -> None:
        """A link is gone; its parts stay, and queries that need no other link are decoded."""
        self._connected.discard(link)
        for query in list(self._waiting.values()):
            self._decode_if_complete(query)

    def take(self, part: Part) -> None:
        """Take a part of a query."""
        if part.name in self._decoding:
            self._take_after_fusion(part)
        elif self._ended.has(part.name):
            answered = self._ended.answer(part.name)
            self._sink.settle(part, Outcome.TOO_FEW_LINKS if answered is None else Outcome.LATE, answered)
        elif self._ended.has_forgotten(part.name):
            self._sink.settle(part, Outcome.FORGOTTEN, None)
        else:
            self._take_waiting(part)

    def answered(self, name: QueryName, answered: Answered | None) -> None:
        """A query was decoded; None if the decoder had no answer, which its log explains."""
        _, parts = self._decoding.pop(name)
        self._ended.add(name, answered)
        for by_link, outcome in ((parts.fused, Outcome.ANSWERED), (parts.late, Outcome.LATE)):
            for part in by_link.values():
                self._sink.settle(part, outcome if answered is not None else Outcome.TOO_FEW_LINKS, answered)

    def close(self) -> None:
        """Forget all queries; no timer is left."""
        self._deadlines.clear()
        self._waiting.clear()

    def _take_waiting(self, part: Part) -> None:
        query = self._waiting.get(part.name) or self._begin(part.name)
        if query.owes(part.session):
            self._sink.settle(part, Outcome.DUPLICATE, None)
            return
        for stale in query.add(part, self._current):
            self._sink.reencode(stale, query.model)
        self._decode_if_complete(query)

    def _take_after_fusion(self, part: Part) -> None:
        """A device that has come back is owed the answer; one that is owed it already sent a duplicate."""
        _, parts = self._decoding[part.name]
        owed = parts.fused if part.link in parts.fused else parts.late
        if part.link in owed and owed[part.link].session is part.session:
            self._sink.settle(part, Outcome.DUPLICATE, None)
        else:
            owed[part.link] = part

    def _begin(self, name: QueryName) -> WaitingQuery:
        if len(self._waiting) >= MAX_WAITING:
            oldest = next(iter(self._waiting))
            self._deadlines.end(oldest.key)
            self._expire(oldest.key)
        query = self._waiting[name] = WaitingQuery(name)
        self._deadlines.begin(name.key)
        return query

    def _decode_if_complete(self, query: WaitingQuery) -> None:
        if query.parts and self._needed.are_in(query.parts.keys(), self._connected):
            self._decode(query)

    def _decode(self, query: WaitingQuery) -> None:
        del self._waiting[query.name]
        self._deadlines.end(query.name.key)
        fused = query.fused()
        self._decoding[query.name] = fused.model, _Decoding(fused.parts)
        self._sink.decode(fused)

    def _expire(self, key: BlockKey) -> None:
        query = self._waiting[QueryName.of(key)]
        if self._needed.suffice(query.parts.keys(), self._connected):
            self._decode(query)
            return
        del self._waiting[query.name]
        self._ended.add(query.name, None)
        for part in query.parts.values():
            self._sink.settle(part, Outcome.TOO_FEW_LINKS, None)
