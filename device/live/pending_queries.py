"""The queries of a live device that wait for their answers, with their samples. They outlast a lost connection."""

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field

from splitwave.common.errors import ProtocolError, Refusal, SplitwaveError
from splitwave.common.limits import MAX_UNANSWERED_QUERIES
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.live_messages import QueryAnswer
from splitwave.common.protocol.query_name import QueryName
from splitwave.device.live.reply import Reply


@dataclass(slots=True, eq=False)
class PendingQuery:
    """A query without an answer.

    Attributes:
        name: of the query.
        sample: (features,) float32; kept because the part may have to be encoded again.
        submitted_ns: when the application submitted it.
        reply: is resolved with the answer.
        encoded_ns, sent_ns: as in `Reply`; 0 until then.
    """

    name: QueryName
    sample: Float32
    submitted_ns: int
    reply: Future[Reply] = field(default_factory=Future)
    encoded_ns: int = 0
    sent_ns: int = 0

    def encoded(self, at_ns: int) -> None:
        """Note that its symbols are ready."""
        self.encoded_ns = at_ns

    def sent(self, at_ns: int) -> None:
        """Note that the transport took them."""
        self.sent_ns = at_ns

    def answer(self, answer: QueryAnswer, received_ns: int) -> None:
        """Resolve the reply."""
        self.reply.set_result(Reply(answer, self.submitted_ns, self.encoded_ns, self.sent_ns, received_ns))


class PendingQueries:
    """By block key, in the order in which they were submitted. Any thread may call any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[BlockKey, PendingQuery] = {}
        self._ended: SplitwaveError | None = None

    def add(self, query: PendingQuery) -> None:
        """Add a query.

        Raises:
            ProtocolError: one of its name waits already, or as many wait as may.
            SplitwaveError: what `fail` was called with.
        """
        with self._lock:
            if self._ended is not None:
                raise self._ended
            if query.name.key in self._by_key:
                raise ProtocolError(f"{query.name} was submitted before, and waits for its answer")
            if len(self._by_key) >= MAX_UNANSWERED_QUERIES:
                raise ProtocolError(
                    f"{query.name}: {MAX_UNANSWERED_QUERIES} queries wait for their answers, and no more may",
                    Refusal.RESOURCE_EXHAUSTED,
                )
            self._by_key[query.name.key] = query

    def find(self, key: BlockKey) -> PendingQuery | None:
        """The query with this key, if it waits."""
        with self._lock:
            return self._by_key.get(key)

    def pop(self, key: BlockKey) -> PendingQuery | None:
        """Remove the query with this key, if it waits."""
        with self._lock:
            return self._by_key.pop(key, None)

    def all(self) -> list[PendingQuery]:
        """All queries that wait, in the order in which they were submitted."""
        with self._lock:
            return list(self._by_key.values())

    def give_up(self, query: PendingQuery, error: SplitwaveError) -> None:
        """Fail one query, which will not be sent."""
        if self.pop(query.name.key) is not None:
            query.reply.set_exception(error)

    def fail(self, error: SplitwaveError) -> None:
        """Fail all queries that wait, and all that come."""
        with self._lock:
            self._ended = error
            failed, self._by_key = list(self._by_key.values()), {}
        for query in failed:
            query.reply.set_exception(error)
