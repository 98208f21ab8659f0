import asyncio
from collections.abc import Callable

import pytest

from splitwave.basestation.serving.live_session import LiveSession
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.limits import MAX_UNANSWERED_QUERIES
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.live_messages import ModelChunk, Outcome, QueryAnswer, Reencode, UseModel
from splitwave.common.protocol.timing import Stamps
from tests.unit.basestation.serving.live_parts import CONFIG, NAME

CHUNKS = [ModelChunk(2, "v", f"file-{number}", 1, b"x", number == 2) for number in range(3)]
ANSWER = QueryAnswer(NAME.key, Outcome.DUPLICATE, Stamps(1, 0, 0, 0))


@pytest.fixture(name="session")
def _session() -> LiveSession:
    return LiveSession(link_contract(CONFIG, 0), "device", "peer")


def test_an_answer_waits_for_no_more_than_one_piece_of_a_model(session: LiveSession) -> None:
    session.send_chunks(CHUNKS)
    session.send(UseModel(1))
    assert list(session.outgoing()) == [UseModel(1)]
    assert session.next_chunk() == CHUNKS[0]
    session.send(ANSWER)
    assert list(session.outgoing()) == [ANSWER]
    assert [session.next_chunk() for _ in range(3)] == [*CHUNKS[1:], None]


@pytest.mark.parametrize("outcome", [ANSWER, Reencode(NAME.key, 2)], ids=["answer", "encode again"])
def test_the_outcome_of_a_part_returns_its_credit(outcome: QueryAnswer | Reencode, session: LiveSession) -> None:
    for _ in range(MAX_UNANSWERED_QUERIES):
        session.begin_query()
    with pytest.raises(ProtocolError, match="1024 are unanswered"):
        session.begin_query()
    session.send(outcome)
    session.begin_query()
    assert session.unanswered == MAX_UNANSWERED_QUERIES


def test_a_device_that_reads_nothing_cannot_fill_the_memory(session: LiveSession) -> None:
    for _ in range(4 * MAX_UNANSWERED_QUERIES + 1):
        session.begin_query()
        session.send(ANSWER)
    with pytest.raises(ProtocolError, match="leaves 4097 messages unread") as error:
        session.begin_query()
    assert error.value.refusal is Refusal.RESOURCE_EXHAUSTED


def test_a_session_that_has_ended_keeps_no_pieces(session: LiveSession) -> None:
    session.send_chunks(CHUNKS)
    session.leave()
    assert (session.gone, session.next_chunk()) == (True, None)


def test_a_model_that_is_not_kept_is_not_loaded_any_more(session: LiveSession) -> None:
    assert not session.ready
    session.load(1)
    session.load(2)
    session.keep_models({2, 3})
    assert [session.has_loaded(number) for number in (1, 2, 3)] == [False, True, False]
    session.unload(2)
    assert not session.has_loaded(2)
    assert session.ready


@pytest.mark.parametrize("end", [lambda session: session.load(1), LiveSession.leave], ids=["ready", "gone"])
def test_a_device_that_is_ready_or_gone_leaves_no_timer(
    end: Callable[[LiveSession], None], session: LiveSession
) -> None:
    async def scenario() -> bool:
        limit = asyncio.get_running_loop().call_later(120, session.close)
        session.end_unless_ready(limit)
        assert not limit.cancelled()
        end(session)
        return limit.cancelled()

    assert asyncio.run(scenario())


def test_a_device_says_once_whether_it_can_use_a_model(session: LiveSession) -> None:
    session.say(1, refused=False)
    session.say(1, refused=True)
    session.say(2, refused=True)
    with pytest.raises(ProtocolError, match="link 0 refused model 2, and said so before"):
        session.say(2, refused=True)
