"""Parts of blocks that arrive late: their answers, gradients and time stamps."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from splitwave.basestation.fusion.block_collector import Command
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.run.block_exchange import Decode
from splitwave.basestation.run.decoding import Decoded, PredictedBlock
from splitwave.common.protocol.messages import Gradient, Prediction
from tests.unit.basestation.base_station_parts import CONFIG, with_policy
from tests.unit.basestation.run.exchanges import LOAD, STEP, TEST, Exchange, answers_of, predict, train


async def _first_then_late(command: Command, decode: Decode) -> Exchange:
    """Link 0 sends all its blocks; link 1 follows when they are answered."""
    run = Exchange(with_policy(CONFIG, "toy-first-link"))
    run.exchange.expect(command)
    carrying_out = asyncio.create_task(run.carry_out(command, decode))
    for number in range(command.blocks):
        run.send(command, 0, number)
    while run.sessions[0].unanswered:
        await asyncio.sleep(0)
    assert not carrying_out.done()  # the command continues until every link has sent its part
    assert not run.sessions[1].outbox
    for number in range(command.blocks):
        run.send(command, 1, number)
    await carrying_out
    return run


@pytest.mark.usefixtures("toys")
def test_a_late_link_gets_the_same_answers_as_the_others() -> None:
    run = asyncio.run(_first_then_late(TEST, predict))
    answers = [[(body.key, body.answers.tolist()) for body in run.sent_to(link)] for link in (0, 1)]  # type: ignore[union-attr]
    assert answers[0] == answers[1]
    assert [session.unanswered for session in run.sessions.values()] == [0, 0]
    assert [event for event in run.recorder.events if event[0] in ("fused", "late")] == [
        ("fused", 0, (0,)),
        ("fused", 1, (0,)),
        ("late", 0, 1),
        ("late", 1, 1),
    ]


@pytest.mark.usefixtures("toys")
def test_a_late_link_gets_a_gradient_of_zeros() -> None:
    run = asyncio.run(_first_then_late(STEP, train))
    (own,), (late,) = run.sent_to(0), run.sent_to(1)
    assert isinstance(own, Gradient)
    assert isinstance(late, Gradient)
    assert (own.values == 1.0).all()
    assert late.values.shape == own.values.shape
    assert not late.values.any()


@pytest.mark.usefixtures("toys")
def test_the_stamps_of_a_late_part_are_also_in_order() -> None:
    async def timed(blocks: Sequence[FusedBlock]) -> list[Decoded]:
        now_ns = time.perf_counter_ns()
        return [PredictedBlock(answers_of(block).answers, now_ns, now_ns) for block in blocks]

    run = asyncio.run(_first_then_late(LOAD, timed))
    for link in (0, 1):
        for body in run.sent_to(link):
            assert isinstance(body, Prediction)
            assert body.stamps is not None
            stamps = body.stamps
            at = [stamps.arrived_ns, stamps.fused_ns, stamps.decoding_ns, stamps.decoded_ns]
            assert at == sorted(at)
            if link == 1:
                assert at == [stamps.arrived_ns] * 4  # the late part waited for nothing
