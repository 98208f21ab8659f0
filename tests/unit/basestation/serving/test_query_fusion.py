from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.basestation.serving import ended_queries, query_fusion
from splitwave.basestation.serving.live_query import Part
from splitwave.common.protocol.live_messages import Outcome
from splitwave.common.protocol.query_name import QueryName
from tests.unit.basestation.serving.live_parts import NAME, POLICIES, TIMEOUT_S, Station

ANSWERED, TOO_FEW, LATE = Outcome.ANSWERED, Outcome.TOO_FEW_LINKS, Outcome.LATE
DUPLICATE, FORGOTTEN = Outcome.DUPLICATE, Outcome.FORGOTTEN


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_parts_of_one_name_are_fused_in_whatever_order_they_come(order: tuple[int, ...]) -> None:
    station = Station()
    for link in order:
        station.take(station.sessions[link])
        station.take(station.sessions[link], QueryName(1, 7))
    assert [[part.link for part in query.parts] for query in station.decoding] == [[0, 1, 2], [0, 1, 2]]
    assert [query.name for query in station.decoding] == [NAME, QueryName(1, 7)]
    station.answer()
    assert station.outcomes() == [(link, ANSWERED) for link in (0, 1, 2)] * 2


@pytest.mark.parametrize(("policy", "needed"), [("all", 3), ("deadline", 3), ("quorum", 2)])
def test_a_query_is_decoded_once_the_policy_has_its_links(policy: str, needed: int) -> None:
    station = Station(policy)
    for count, session in enumerate(station.sessions[:needed], start=1):
        assert station.decoding == []
        station.take(session)
        assert len(station.decoding) == (count == needed)


def test_the_deadline_counts_from_the_first_part() -> None:
    station = Station("deadline")
    station.take(station.sessions[1])
    station.clock.advance(0.3)
    station.take(station.sessions[0])
    station.clock.advance(0.19)
    assert station.decoding == []
    station.clock.advance(0.02)
    assert [[part.link for part in query.parts] for query in station.decoding] == [[0, 1]]


@pytest.mark.parametrize("policy", ["all", "quorum"])
def test_a_query_with_too_few_links_ends_after_the_time_limit(policy: str) -> None:
    station = Station(policy)
    station.take(station.sessions[1])
    station.clock.advance(TIMEOUT_S - 0.01)
    assert station.outcomes() == []
    station.clock.advance(0.02)
    assert station.outcomes() == [(1, TOO_FEW)]
    station.take(station.sessions[0])
    station.take(station.sessions[1])
    assert station.outcomes() == [(0, TOO_FEW), (1, TOO_FEW)]
    assert station.decoding == []


def test_a_part_that_comes_after_the_fusion_is_late_and_gets_the_same_answer() -> None:
    station = Station("quorum")
    for session in station.sessions:
        station.take(session)
    assert station.outcomes() == []
    (answer,) = station.answer()
    assert [each for _, _, each in station.settled] == [answer] * 3
    assert station.outcomes() == [(0, ANSWERED), (1, ANSWERED), (2, LATE)]


def test_a_part_that_comes_after_the_answer_is_late_from_any_link() -> None:
    station = Station("quorum")
    for session in station.sessions[:2]:
        station.take(session)
    (answer,) = station.answer()
    station.outcomes()
    station.clock.advance(29.0)
    for session in station.sessions:
        station.take(session)
    assert [each for _, _, each in station.settled] == [answer] * 3
    assert station.outcomes() == [(0, LATE), (1, LATE), (2, LATE)]


def test_an_answer_is_kept_for_a_time_and_its_name_for_longer() -> None:
    station = Station("quorum")
    for session in station.sessions[:2]:
        station.take(session)
    station.answer()
    station.outcomes()
    station.clock.advance(ended_queries.KEPT_ANSWERS_S + 1)
    station.take(station.sessions[2])
    assert station.outcomes() == [(2, FORGOTTEN)]
    station.clock.advance(ended_queries.KEPT_NAMES_S)
    station.take(station.sessions[2])
    assert station.outcomes() == []


def test_answers_and_names_are_kept_in_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended_queries, "KEPT_ANSWERS", 2)
    monkeypatch.setattr(ended_queries, "KEPT_NAMES", 1)
    station = Station(links=1)
    for sequence in range(4):
        station.take(station.sessions[0], QueryName(0, sequence))
        station.answer()
    station.outcomes()
    for sequence in range(4):
        station.take(station.sessions[0], QueryName(0, sequence))
    assert [query.name.sequence for query in station.decoding] == [0]
    assert station.outcomes() == [(0, FORGOTTEN), (0, LATE), (0, LATE)]


def test_a_second_part_is_a_duplicate_only_while_its_session_is_owed_the_outcome() -> None:
    station = Station()
    station.take(station.sessions[0])
    station.take(station.sessions[0])
    assert station.outcomes() == [(0, DUPLICATE)]
    for session in station.sessions[1:]:
        station.take(session)
    station.take(station.sessions[1])
    assert station.outcomes() == [(1, DUPLICATE)]
    station.answer()
    assert station.outcomes() == [(0, ANSWERED), (1, ANSWERED), (2, ANSWERED)]


@pytest.mark.parametrize("fused", [False, True])
def test_a_device_that_comes_back_is_answered_on_its_new_session(fused: bool) -> None:
    station = Station()
    lost = station.take(station.sessions[0])
    if fused:
        for session in station.sessions[1:]:
            station.take(session)
    station.disconnect(station.sessions[0])
    again = station.take(station.connect(0))
    if not fused:
        for session in station.sessions[1:]:
            station.take(session)
    assert station.outcomes() == []
    station.answer()
    owed = [part for part, _, _ in station.settled]
    assert again in owed
    assert lost not in owed
    assert len(owed) == 3


def test_the_parts_of_a_lost_link_are_used() -> None:
    station = Station()
    station.take(station.sessions[0])
    station.disconnect(station.sessions[0])
    for session in station.sessions[1:]:
        station.take(session)
    assert [[part.link for part in query.parts] for query in station.decoding] == [[0, 1, 2]]


@pytest.mark.parametrize(("policy", "decoded"), [("all", 0), ("deadline", 1)])
def test_nobody_waits_for_a_lost_link_where_the_policy_allows(policy: str, decoded: int) -> None:
    station = Station(policy)
    station.take(station.sessions[0])
    station.take(station.sessions[1])
    station.disconnect(station.sessions[2])
    assert len(station.decoding) == decoded
    for session in station.sessions[:2]:
        station.take(session, QueryName(0, 8))
    assert len(station.decoding) == 2 * decoded


def test_one_query_too_many_ends_the_oldest_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_fusion, "MAX_WAITING", 2)
    station = Station()
    for sequence in range(3):
        station.take(station.sessions[0], QueryName(0, sequence))
    assert [(part.name.sequence, outcome) for part, outcome, _ in station.settled] == [(0, TOO_FEW)]
    station.outcomes()
    station.clock.advance(TIMEOUT_S)
    assert station.outcomes() == [(0, TOO_FEW), (0, TOO_FEW)]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["part", "part", "part", "answer", "time", "lose"]),
        st.integers(0, 2),
        st.integers(0, 2),
        st.integers(1, 2),
    ),
    max_size=60,
)


@given(policy=st.sampled_from(sorted(POLICIES)), steps=STEPS)
def test_each_part_has_exactly_one_outcome_and_no_block_two_models(
    policy: str, steps: list[tuple[str, int, int, int]]
) -> None:
    station = Station(policy)
    sent: list[Part] = []
    for what, link, sequence, model in steps:
        if what == "part":
            sent.append(station.take(station.sessions[link], QueryName(0, sequence), model))
        elif what == "answer":
            station.answer()
        elif what == "time":
            station.clock.advance(0.4 * model)
        else:
            station.disconnect(station.sessions[link])
            station.sessions[link] = station.connect(link)
        for query in station.decoding:
            assert {part.model for part in query.parts} == {query.model}
    while station.decoding or any(not call.cancelled for call in station.clock.calls):
        station.answer()
        station.clock.advance(TIMEOUT_S)
    counts = Counter([id(part) for part, _, _ in station.settled] + [id(part) for part, _ in station.reencoded])
    for part in sent:
        if part.session.gone:
            assert counts[id(part)] <= 1
        else:
            assert counts[id(part)] == 1
    assert station.fusion.models == set()
