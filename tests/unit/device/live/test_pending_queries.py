"""The queries of a live device that wait for answers."""

import numpy as np
import pytest

from splitwave.common.errors import ProtocolError, UnreachableError
from splitwave.common.limits import MAX_UNANSWERED_QUERIES
from splitwave.common.protocol.live_messages import Outcome, QueryAnswer
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.protocol.timing import Stamps
from splitwave.device.live.pending_queries import PendingQueries, PendingQuery


def query(sequence: int = 0) -> PendingQuery:
    return PendingQuery(QueryName(0, sequence), np.zeros(3, dtype=np.float32), submitted_ns=5)


def test_a_query_is_answered_with_its_own_times() -> None:
    one = query()
    one.encoded(7)
    one.sent(8)
    one.answer(QueryAnswer(one.name.key, Outcome.ANSWERED, Stamps(1, 2, 3, 4)), 9)
    reply = one.reply.result()
    assert (reply.submitted_ns, reply.encoded_ns, reply.sent_ns, reply.received_ns) == (5, 7, 8, 9)


def test_a_name_that_waits_is_refused_until_it_is_answered() -> None:
    pending = PendingQueries()
    pending.add(query(4))
    with pytest.raises(ProtocolError, match="query 4 of stream 0 was submitted before"):
        pending.add(query(4))
    assert pending.pop(QueryName(0, 4).key) is not None
    pending.add(query(4))


def test_no_more_queries_wait_than_a_link_may_have() -> None:
    pending = PendingQueries()
    for sequence in range(MAX_UNANSWERED_QUERIES):
        pending.add(query(sequence))
    with pytest.raises(ProtocolError, match=f"{MAX_UNANSWERED_QUERIES} queries wait"):
        pending.add(query(MAX_UNANSWERED_QUERIES))
    assert [each.name.sequence for each in pending.all()] == list(range(MAX_UNANSWERED_QUERIES))


def test_a_failure_reaches_those_that_wait_and_those_that_come() -> None:
    pending, one = PendingQueries(), query()
    pending.add(one)
    error = UnreachableError("gone")
    pending.fail(error)
    assert one.reply.exception() is error
    with pytest.raises(UnreachableError, match="gone"):
        pending.add(query(1))
