"""Parts of blocks that a device has dropped: nobody waits for them, and they get no answer."""

import asyncio
import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.basestation.fusion.block_collector import Command
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.messages import Prediction
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.workload import Overflow, Workload
from tests.unit.basestation.base_station_parts import CONFIG, PLAN, with_policy
from tests.unit.basestation.run.exchanges import Exchange, predict
from tests.unit.basestation.run.test_degraded_passes import DEADLINE, Clock

LINKS = 3
PASSING_TIME = -1
WORKLOAD = Workload(8, 1, 1, 1.0, 0, Overflow.DROP_OLDEST)
BLOCKING = dataclasses.replace(WORKLOAD, overflow=Overflow.BLOCK)


def load(workload: Workload) -> Command:
    return Command(PLAN.with_workload(workload), Phase.LOAD, 0)


async def carried_out(*parts: tuple[int, int], policy: str = "all") -> Exchange:
    """A load pass in which these links send these blocks, each when the one before was worked on."""
    run, command = Exchange(with_policy(CONFIG, policy)), load(WORKLOAD)
    run.exchange.expect(command)
    carrying_out = asyncio.create_task(run.carry_out(command, predict))
    for link, number in parts:
        run.send(command, link, number)
        await asyncio.sleep(0)
    await carrying_out
    return run


def answered(run: Exchange, link: int) -> list[tuple[int, tuple[int, ...]]]:
    """The numbers of the answers to a link, each with the links that it was computed from."""
    bodies = [body for body in run.sent_to(link) if isinstance(body, Prediction)]
    return [(body.key.micro_batch, body.links) for body in bodies]


def test_a_gap_completes_blocks_without_the_link_that_dropped_them() -> None:
    run = asyncio.run(carried_out((0, 0), (0, 1), (1, 2), (0, 2), (0, 7), (1, 7)))
    assert answered(run, 0) == [(0, (0,)), (1, (0,)), (2, ()), (7, ())]
    assert answered(run, 1) == [(2, ()), (7, ())]


def test_a_block_is_complete_if_its_part_was_dropped_before_the_others_came() -> None:
    run = asyncio.run(carried_out((1, 7), (0, 1), (0, 7)))
    assert answered(run, 0) == [(1, (0,)), (7, ())]
    assert answered(run, 1) == [(7, ())]


@pytest.mark.usefixtures("toys")
def test_a_part_that_is_dropped_after_its_block_was_answered_is_not_awaited() -> None:
    run = asyncio.run(carried_out((0, 0), (0, 1), (0, 2), (0, 7), (1, 1), (1, 7), policy="toy-first-link"))
    assert [number for number, _ in answered(run, 0)] == [0, 1, 2, 7]
    assert [number for number, _ in answered(run, 1)] == [1, 7]


def test_a_block_after_a_later_one_is_refused() -> None:
    run, command = Exchange(CONFIG), load(WORKLOAD)
    run.exchange.expect(command)
    run.send(command, 0, 2)
    with pytest.raises(ProtocolError, match="micro-batch 1: link 0 sent it twice, or after a later one"):
        run.send(command, 0, 1)


def test_a_gap_is_none_where_devices_may_not_drop() -> None:
    run, command = Exchange(CONFIG), load(BLOCKING)
    run.exchange.expect(command)
    run.send(command, 0, 2)
    run.send(command, 0, 1)
    assert run.exchange.expects(0)


def order_of(seed: int) -> list[tuple[int, int]]:
    """Parts in an order in which they may come, with passing time in between; each link sends some, and the last."""
    rng, last = np.random.default_rng(seed), WORKLOAD.queries - 1
    left = {link: [*np.flatnonzero(rng.integers(0, 2, last)).tolist(), last] for link in range(LINKS)}
    order: list[tuple[int, int]] = []
    while left:
        link = int(rng.choice([PASSING_TIME, *left]))
        order.append((link, 0 if link == PASSING_TIME else left[link].pop(0)))
        left = {link: numbers for link, numbers in left.items() if numbers}
    return order


@given(st.integers(0, 2**32 - 1))
def test_whatever_links_drop_each_part_that_is_sent_is_answered_in_its_order(seed: int) -> None:
    clock, order = Clock(), order_of(seed)

    async def scenario() -> Exchange:
        run, command = Exchange(DEADLINE, clock.call_later), load(WORKLOAD)
        run.exchange.expect(command)
        carrying_out = asyncio.create_task(run.carry_out(command, predict))
        for link, number in order:
            if link == PASSING_TIME:
                clock.advance(1.0)
            else:
                run.send(command, link, number)
            await asyncio.sleep(0)
        await carrying_out
        return run

    run = asyncio.run(scenario())
    for link in range(LINKS):
        answers = answered(run, link)
        assert [number for number, _ in answers] == [number for each, number in order if each == link]
        for number, links in answers:
            senders = {each for each, sent in order if sent == number and each != PASSING_TIME}
            assert set(links or range(LINKS)) <= senders
    assert not run.exchange._late_answers
    assert not run.exchange._times._open
    assert not run.exchange._collector._fusion._incomplete
    assert not run.exchange._collector._fusion._dropped
