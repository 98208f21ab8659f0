"""The way of a block through the base station, with a decoder of the test's own."""

import asyncio
import time
from collections.abc import Sequence

import numpy as np
import pytest

from splitwave.basestation.fusion.block_collector import Arrival, Command, LatePart
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.learning.trainer import MicroBatchResult
from splitwave.basestation.run.block_exchange import BlockExchange, Decode
from splitwave.basestation.run.decoding import Decoded, PredictedBlock, TrainedBlock
from splitwave.basestation.run.events import RunEvents, RunObserver
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.messages import Downlink, Gradient, Prediction
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from splitwave.common.protocol.workload import Workload
from tests.unit.basestation.base_station_parts import CONFIG, PLAN, session_of, symbols, with_policy

TEST = Command(PLAN, Phase.TEST, 0)
STEP = Command(PLAN, Phase.TRAIN, 0)
LOAD = Command(PLAN.with_workload(Workload(2, 1, 2, 0.0, 0)), Phase.LOAD, 0)


class Recorder(RunObserver):
    """Writes the events of blocks down."""

    def __init__(self) -> None:
        self.events: list[tuple[str, int, object]] = []

    def block_arrived(self, key: BlockKey, link: int, at_ns: int) -> None:
        assert at_ns > 0
        self.events.append(("arrived", key.micro_batch, link))

    def block_fused(self, arrival: Arrival, at_ns: int) -> None:
        assert at_ns > 0
        self.events.append(("fused", arrival.block.key.micro_batch, arrival.block.links))

    def block_decoded(self, arrival: Arrival, decoded: Decoded) -> None:
        self.events.append(("decoded", arrival.block.key.micro_batch, decoded.finished_ns))

    def block_answered(self, arrival: Arrival, decoded: Decoded) -> None:
        self.events.append(("answered", arrival.block.key.micro_batch, decoded.finished_ns))

    def late_part_answered(self, part: LatePart) -> None:
        self.events.append(("late", part.key.micro_batch, part.link))


class Exchange:
    """A run's exchange and its two links."""

    def __init__(self, config: RunConfig = CONFIG) -> None:
        self.sessions = {link: session_of(link) for link in range(config.links)}
        self.recorder = Recorder()
        self.exchange = BlockExchange(config, self.sessions, RunEvents([self.recorder]))

    def send(self, command: Command, link: int, number: int) -> None:
        key = BlockKey(command.phase, command.step, number)
        ids = command.plan.block_ids(command.phase, command.step, number)
        payload = RealPayload(symbols(float(number), samples=len(ids)))
        session = self.sessions[link]
        self.exchange.receive(session, SymbolBlock(link, session.blocks, key, ids, payload))

    async def carry_out(self, command: Command, decode: Decode) -> None:
        async with asyncio.timeout(60):
            await self.exchange.carry_out(command, decode)

    def heard(self, link: int) -> list[Downlink]:
        return [body for body in self.sessions[link].outgoing() if body is not None]


def answers_of(block: FusedBlock) -> PredictedBlock:
    """As many answers as samples, which name the block."""
    samples = block.symbols.shape[1]
    return PredictedBlock(np.full(samples, block.key.micro_batch, dtype=np.uint8), 1000, 1001)


async def predict(blocks: Sequence[FusedBlock]) -> list[Decoded]:
    return [answers_of(block) for block in blocks]


async def train(blocks: Sequence[FusedBlock]) -> list[Decoded]:
    """Gradients as the trainer gives them: of each link its number + 1, zeros of one that was not in."""
    return [
        TrainedBlock(
            MicroBatchResult(
                {link: symbols(float(link + 1) if link in block.links else 0.0) for link in (0, 1)}, 0.0, 0.0, 4
            ),
            1000,
            1001,
        )
        for block in blocks
    ]


def test_every_link_is_answered_once_all_are_in() -> None:
    async def scenario() -> Exchange:
        run = Exchange()
        run.exchange.expect(TEST)
        for number, link in ((0, 1), (0, 0), (1, 0), (1, 1)):
            run.send(TEST, link, number)
        await run.carry_out(TEST, predict)
        return run

    run = asyncio.run(scenario())
    for link, session in run.sessions.items():
        answers = run.heard(link)
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


def test_training_blocks_take_the_same_way_and_each_link_has_its_own_gradient() -> None:
    async def scenario() -> Exchange:
        run = Exchange()
        run.exchange.expect(STEP)
        for link in (0, 1):
            run.send(STEP, link, 0)
        await run.carry_out(STEP, train)
        return run

    run = asyncio.run(scenario())
    for link in (0, 1):
        (gradient,) = run.heard(link)
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


async def _first_then_late(command: Command, decode: Decode) -> Exchange:
    """Link 0 sends all its blocks; link 1 follows when they are answered."""
    run = Exchange(with_policy(CONFIG, "first"))
    run.exchange.expect(command)
    carrying_out = asyncio.create_task(run.carry_out(command, decode))
    for number in range(command.blocks):
        run.send(command, 0, number)
    while run.sessions[0].unanswered:
        await asyncio.sleep(0)
    assert not carrying_out.done()  # the command goes on until every link has sent its part
    assert not run.sessions[1].outbox
    for number in range(command.blocks):
        run.send(command, 1, number)
    await carrying_out
    return run


@pytest.mark.usefixtures("toy_policies")
def test_a_late_link_has_the_answers_that_the_others_had() -> None:
    run = asyncio.run(_first_then_late(TEST, predict))
    answers = [[(body.key, body.answers.tolist()) for body in run.heard(link)] for link in (0, 1)]  # type: ignore[union-attr]
    assert answers[0] == answers[1]
    assert [session.unanswered for session in run.sessions.values()] == [0, 0]
    assert [event for event in run.recorder.events if event[0] in ("fused", "late")] == [
        ("fused", 0, (0,)),
        ("fused", 1, (0,)),
        ("late", 0, 1),
        ("late", 1, 1),
    ]


@pytest.mark.usefixtures("toy_policies")
def test_a_late_link_has_a_gradient_of_zeros() -> None:
    run = asyncio.run(_first_then_late(STEP, train))
    (own,), (late,) = run.heard(0), run.heard(1)
    assert isinstance(own, Gradient)
    assert isinstance(late, Gradient)
    assert (own.values == 1.0).all()
    assert late.values.shape == own.values.shape
    assert not late.values.any()


@pytest.mark.usefixtures("toy_policies")
def test_the_stamps_of_a_late_part_are_in_order_all_the_same() -> None:
    async def timed(blocks: Sequence[FusedBlock]) -> list[Decoded]:
        now_ns = time.perf_counter_ns()
        return [PredictedBlock(answers_of(block).answers, now_ns, now_ns) for block in blocks]

    run = asyncio.run(_first_then_late(LOAD, timed))
    for link in (0, 1):
        for body in run.heard(link):
            assert isinstance(body, Prediction)
            assert body.stamps is not None
            stamps = body.stamps
            at = [stamps.arrived_ns, stamps.fused_ns, stamps.decoding_ns, stamps.decoded_ns]
            assert at == sorted(at)
            if link == 1:
                assert at == [stamps.arrived_ns] * 4  # nothing was waited for


@pytest.mark.usefixtures("toy_policies")
def test_each_link_has_its_answers_in_the_order_of_its_blocks_whoever_is_first() -> None:
    """Link 1 is late with its first block and first with its second one, before anything is answered."""

    async def scenario() -> Exchange:
        run = Exchange(with_policy(CONFIG, "first"))
        run.exchange.expect(TEST)
        for number, link in ((0, 0), (0, 1), (1, 1), (1, 0)):
            run.send(TEST, link, number)
        await run.carry_out(TEST, predict)
        return run

    run = asyncio.run(scenario())
    for link in (0, 1):
        assert [body.key.micro_batch for body in run.heard(link) if isinstance(body, Prediction)] == [0, 1]
    assert [event for event in run.recorder.events if event[0] == "fused"] == [("fused", 0, (0,)), ("fused", 1, (1,))]


def test_blocks_that_wait_are_decoded_together_up_to_the_plans_limit() -> None:
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
