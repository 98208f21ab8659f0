"""The way of a block through the base station, with a decoder that the tests define."""

import asyncio
from collections.abc import Sequence

import pytest

from splitwave.basestation.fusion.block_collector import Command
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.run.decoding import Decoded
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.messages import Gradient, Prediction
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from tests.unit.basestation.base_station_parts import CONFIG, with_policy
from tests.unit.basestation.run.exchanges import STEP, TEST, Exchange, answers_of, predict, train


def test_every_link_gets_its_answers_when_all_parts_have_arrived() -> None:
    async def scenario() -> Exchange:
        run = Exchange()
        run.exchange.expect(TEST)
        for number, link in ((0, 1), (0, 0), (1, 0), (1, 1)):
            run.send(TEST, link, number)
        await run.carry_out(TEST, predict)
        return run

    run = asyncio.run(scenario())
    for link, session in run.sessions.items():
        answers = run.sent_to(link)
        assert [body.key.micro_batch for body in answers if isinstance(body, Prediction)] == [0, 1]
        assert [body.answers.tolist() for body in answers if isinstance(body, Prediction)] == [[0] * 5, [1] * 5]
        assert (session.unanswered, run.exchange.expects(link)) == (0, False)
    assert run.recorder.events == [
        ("arrived", 0, 1),
        ("arrived", 0, 0),
        ("fused", 0, (0, 1)),
        ("arrived", 1, 0),
        ("arrived", 1, 1),
        ("fused", 1, (0, 1)),
        *((event, number, 1001) for number in (0, 1) for event in ("decoded", "answered")),
    ]


def test_each_link_gets_its_own_gradient_of_a_training_block() -> None:
    async def scenario() -> Exchange:
        run = Exchange()
        run.exchange.expect(STEP)
        for link in (0, 1):
            run.send(STEP, link, 0)
        await run.carry_out(STEP, train)
        return run

    run = asyncio.run(scenario())
    for link in (0, 1):
        (gradient,) = run.sent_to(link)
        assert isinstance(gradient, Gradient)
        assert gradient.key == BlockKey(Phase.TRAIN, 0, 0)
        assert (gradient.values == link + 1).all()
    assert [event for event, _, _ in run.recorder.events] == ["arrived", "arrived", "fused", "decoded", "answered"]


def test_the_gradients_of_a_micro_batch_leave_before_the_next_one_is_decoded() -> None:
    config = RunConfig.model_validate(
        {"links": 1, "encoder": {"dimension": 3}, "training": {"batch_size": 4, "micro_batches": 4}}
    )
    step = Command(RunPlan(config, 8, 10), Phase.TRAIN, 0)
    unanswered: list[int] = []

    async def scenario() -> None:
        run = Exchange(config)

        async def note(blocks: Sequence[FusedBlock]) -> list[Decoded]:
            unanswered.append(run.sessions[0].unanswered)
            return await train(blocks)

        run.exchange.expect(step)
        for number in range(4):
            run.send(step, 0, number)
        await run.carry_out(step, note)

    asyncio.run(scenario())
    assert unanswered == [4, 3, 2, 1]


@pytest.mark.usefixtures("toys")
def test_each_link_gets_answers_in_the_order_of_its_blocks_although_the_first_link_varies() -> None:
    """Link 1 is late with its first block, and is the first with its second block; no block is answered before that."""

    async def scenario() -> Exchange:
        run = Exchange(with_policy(CONFIG, "toy-first-link"))
        run.exchange.expect(TEST)
        for number, link in ((0, 0), (0, 1), (1, 1), (1, 0)):
            run.send(TEST, link, number)
        await run.carry_out(TEST, predict)
        return run

    run = asyncio.run(scenario())
    for link in (0, 1):
        assert [body.key.micro_batch for body in run.sent_to(link) if isinstance(body, Prediction)] == [0, 1]
    assert [event for event in run.recorder.events if event[0] == "fused"] == [("fused", 0, (0,)), ("fused", 1, (1,))]


def test_waiting_blocks_are_decoded_together_up_to_the_limit_of_the_plan() -> None:
    config = RunConfig.model_validate(
        {"links": 1, "encoder": {"dimension": 3}, "inference": {"block_size": 1}, "runtime": {"credits": 10}}
    )
    plan = RunPlan(config, 8, 10)
    command = Command(plan, Phase.TEST, 0)
    together: list[int] = []

    async def count(blocks: Sequence[FusedBlock]) -> list[Decoded]:
        together.append(len(blocks))
        return [answers_of(block) for block in blocks]

    async def scenario() -> None:
        run = Exchange(config)
        run.exchange.expect(command)
        for number in range(10):
            run.send(command, 0, number)
        await run.carry_out(command, count)

    asyncio.run(scenario())
    assert plan.together(Phase.TEST) == 5
    assert together == [5, 5]
