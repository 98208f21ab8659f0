"""Barriers, which wait for one answer from each link."""

import asyncio

import pytest

from splitwave.basestation.links.link_barrier import LinkBarrier
from splitwave.common.errors import ProtocolError


def test_answers_are_returned_by_link_when_all_have_arrived() -> None:
    async def ask() -> dict[int, str]:
        answers: LinkBarrier[str] = LinkBarrier(2)
        answers.expect(lambda answer: answer in ("yes", "no"))
        answers.take(1, "no")
        answers.take(0, "yes")
        return await answers.all()

    answers = asyncio.run(ask())
    assert list(answers.items()) == [(0, "yes"), (1, "no")]


@pytest.mark.parametrize("answer", ["perhaps", "yes"])
def test_answers_that_are_unexpected_or_repeated_are_refused(answer: str) -> None:
    answers: LinkBarrier[str] = LinkBarrier(2)
    with pytest.raises(ProtocolError, match="link 0 sent a str that was not asked for"):
        answers.take(0, "yes")
    answers.expect(lambda text: text == "yes")
    answers.take(0, "yes")
    with pytest.raises(ProtocolError, match="not asked for"):
        answers.take(0, answer)


def test_a_lost_link_is_not_waited_for_and_the_answer_that_it_gave_is_kept() -> None:
    async def ask() -> dict[int, str]:
        answers: LinkBarrier[str] = LinkBarrier(3)
        answers.expect(lambda _: True)
        answers.take(1, "yes")
        answers.lose(1)
        answers.lose(2)
        assert [answers.expects(link) for link in range(3)] == [True, False, False]
        answers.take(0, "no")
        return await answers.all()

    assert asyncio.run(ask()) == {0: "no", 1: "yes"}


def test_a_barrier_is_over_when_the_last_missing_link_is_lost() -> None:
    async def ask() -> dict[int, str]:
        answers: LinkBarrier[str] = LinkBarrier(3)
        answers.expect(lambda _: True, (0, 1))
        answers.take(0, "yes")
        answers.lose(1)
        return await answers.all()

    assert asyncio.run(ask()) == {0: "yes"}


def test_a_link_that_was_not_asked_is_refused() -> None:
    answers: LinkBarrier[str] = LinkBarrier(2)
    answers.expect(lambda _: True, (0,))
    with pytest.raises(ProtocolError, match="link 1 sent a str that was not asked for"):
        answers.take(1, "yes")
