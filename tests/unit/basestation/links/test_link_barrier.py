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
