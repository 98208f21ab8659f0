"""Passes that go on without some links: deadlines on a clock that the tests hold, quorums, and lost links."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from splitwave.basestation.fusion.block_collector import Command
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.run.decoding import Decoded
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.messages import Prediction
from tests.unit.basestation.base_station_parts import CONFIG
from tests.unit.basestation.run.exchanges import LOAD, STEP, TEST, Exchange, predict, train


def config_of(links: int, **fusion: object) -> RunConfig:
    return RunConfig.model_validate(CONFIG.model_dump() | {"links": links, "fusion": fusion})


DEADLINE = config_of(3, policy="deadline", deadline_ms=100)


@dataclass
class _Call:
    due_s: float
    call: Callable[[BlockKey], None]
    key: BlockKey
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """Time passes when a test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.calls: list[_Call] = []

    def call_later(self, delay_s: float, call: Callable[[BlockKey], None], key: BlockKey) -> _Call:
        self.calls.append(_Call(self.now_s + delay_s, call, key))
        return self.calls[-1]

    def advance(self, seconds: float) -> None:
        self.now_s += seconds
        due = [each for each in self.calls if each.due_s <= self.now_s]
        self.calls = [each for each in self.calls if each not in due]
        for each in due:
            if not each.cancelled:
                each.call(each.key)


def links_of(run: Exchange) -> list[object]:
    return [event[1:] for event in run.recorder.events if event[0] == "fused"]


def predictions(run: Exchange, link: int) -> list[tuple[int, tuple[int, ...]]]:
    """By block of a link's answers, in their order, the links that they were computed from."""
    bodies = run.sent_to(link)
    assert all(isinstance(body, Prediction) for body in bodies)
    return [(body.key.micro_batch, body.links) for body in bodies if isinstance(body, Prediction)]


async def until_idle(run: Exchange, link: int = 0) -> None:
    """Let the exchange work until a link has an answer to each of its blocks."""
    while run.sessions[link].unanswered:
        await asyncio.sleep(0)


def begin(run: Exchange, command: Command, links: Sequence[int] | None = None) -> "asyncio.Task[None]":
    run.exchange.expect(command, links)
    return asyncio.create_task(run.carry_out(command, predict))


def test_a_block_goes_with_the_links_that_are_in_when_its_deadline_is_over_and_not_before() -> None:
    async def scenario() -> None:
        clock = Clock()
        run = Exchange(DEADLINE, clock.call_later)
        carrying_out = begin(run, TEST)
        run.send(TEST, 1, 0)
        clock.advance(0.06)
        run.send(TEST, 0, 0)
        run.send(TEST, 0, 1)
        clock.advance(0.03)
        assert links_of(run) == []
        clock.advance(0.02)  # 0.11 s after the first part of block 0, 0.05 s after that of block 1
        assert links_of(run) == [(0, (0, 1))]
        clock.advance(0.05)
        assert links_of(run) == [(0, (0, 1)), (1, (0,))]
        await until_idle(run)
        run.send(TEST, 2, 0)
        run.send(TEST, 2, 1)
        run.send(TEST, 1, 1)
        await carrying_out
        expected = [(0, (0, 1)), (1, (0,))]
        assert [predictions(run, link) for link in range(3)] == [expected, expected, expected]

    asyncio.run(scenario())


def test_a_block_of_all_links_is_decoded_at_once_and_its_deadline_forgotten() -> None:
    async def scenario() -> None:
        clock = Clock()
        run = Exchange(DEADLINE, clock.call_later)
        carrying_out = begin(run, TEST)
        for number in range(2):
            for link in range(3):
                run.send(TEST, link, number)
        await carrying_out
        clock.advance(1.0)
        assert links_of(run) == [(0, (0, 1, 2)), (1, (0, 1, 2))]
        assert predictions(run, 2) == [(0, ()), (1, ())]  # empty: all links

    asyncio.run(scenario())


def test_training_blocks_wait_for_all_links_however_late_they_are() -> None:
    async def scenario() -> None:
        clock = Clock()
        run = Exchange(config_of(2, policy="deadline", deadline_ms=100), clock.call_later)
        run.exchange.expect(STEP)
        carrying_out = asyncio.create_task(run.carry_out(STEP, train))
        run.send(STEP, 0, 0)
        clock.advance(1000.0)
        assert clock.calls == []
        run.send(STEP, 1, 0)
        await carrying_out
        assert links_of(run) == [(0, (0, 1))]

    asyncio.run(scenario())


def test_a_quorum_is_enough() -> None:
    async def scenario() -> None:
        run = Exchange(config_of(3, policy="quorum", quorum=2))
        carrying_out = begin(run, TEST)
        for number in range(2):
            run.send(TEST, 2, number)
            run.send(TEST, 0, number)
        await until_idle(run)
        run.send(TEST, 1, 0)
        run.send(TEST, 1, 1)
        await carrying_out
        assert [predictions(run, link) for link in range(3)] == [[(0, (0, 2)), (1, (0, 2))]] * 3

    asyncio.run(scenario())


@pytest.mark.parametrize("command", [TEST, LOAD], ids=["test", "load"])
def test_a_pass_ends_without_a_link_that_is_lost_in_it(command: Command) -> None:
    async def scenario() -> None:
        run = Exchange(DEADLINE, Clock().call_later)
        carrying_out = begin(run, command)
        for link in range(3):
            run.send(command, link, 0)
        await until_idle(run)
        run.send(command, 0, 1)
        run.send(command, 2, 1)
        del run.sessions[1]
        run.exchange.lose(1)  # block 1 waited for this link alone
        await carrying_out
        assert predictions(run, 0) == predictions(run, 2) == [(0, ()), (1, (0, 2))]

    asyncio.run(scenario())


def test_a_link_that_is_lost_while_its_part_is_decoded_gets_no_answer_and_the_others_do() -> None:
    async def scenario() -> None:
        run, decoding = Exchange(DEADLINE, Clock().call_later), asyncio.Event()

        async def decode(blocks: Sequence[FusedBlock]) -> list[Decoded]:
            if 1 in run.sessions:
                del run.sessions[1]
                run.exchange.lose(1)
            decoding.set()
            return await predict(blocks)

        run.exchange.expect(TEST)
        carrying_out = asyncio.create_task(run.carry_out(TEST, decode))
        for link in range(3):
            run.send(TEST, link, 0)
        await decoding.wait()
        run.send(TEST, 0, 1)
        run.send(TEST, 2, 1)
        await carrying_out
        assert predictions(run, 0) == predictions(run, 2) == [(0, ()), (1, (0, 2))]

    asyncio.run(scenario())


def test_a_link_that_is_lost_owing_late_parts_does_not_keep_the_pass_open() -> None:
    async def scenario() -> None:
        clock = Clock()
        run = Exchange(DEADLINE, clock.call_later)
        carrying_out = begin(run, TEST)
        for number in range(2):
            run.send(TEST, 0, number)
            run.send(TEST, 1, number)
        clock.advance(0.2)
        await until_idle(run)
        assert not carrying_out.done()
        del run.sessions[2]
        run.exchange.lose(2)
        await carrying_out

    asyncio.run(scenario())


def test_a_link_that_does_not_take_part_in_the_pass_may_send_none_of_its_blocks() -> None:
    run = Exchange(DEADLINE, Clock().call_later)
    run.exchange.expect(TEST, (0, 2))
    with pytest.raises(ProtocolError, match="was not asked for: expected none"):
        run.send(TEST, 1, 0)
    assert [run.exchange.expects(link) for link in range(3)] == [True, False, True]


def test_the_policy_decides_whether_a_pass_under_way_can_do_without_a_link() -> None:
    run = Exchange(config_of(3, policy="quorum", quorum=2))
    ready = {0, 1, 2}
    assert run.exchange.can_do_without(1, ready)
    run.exchange.expect(TEST, (0, 1))
    assert not run.exchange.can_do_without(1, ready)  # one link alone is left in the pass
    assert run.exchange.can_do_without(2, ready)
    assert not Exchange(config_of(3)).exchange.can_do_without(1, ready)
