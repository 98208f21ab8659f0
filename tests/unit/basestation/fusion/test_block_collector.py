"""Blocks of all links: which are taken, and when they can be decoded."""

import numpy as np
import pytest

from splitwave.basestation.fusion.block_collector import Arrival, BlockCollector, Command, LatePart
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.messages import Prediction
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.plan import RunPlan
from tests.unit.basestation.base_station_parts import CONFIG, KEY, PLAN, pass_block, session_of, symbols, with_policy


def collector_of(config: RunConfig = CONFIG, plan: RunPlan = PLAN) -> BlockCollector:
    """A collector that expects a test pass."""
    collector = BlockCollector(config)
    collector.expect(Command(plan, Phase.TEST, 0))
    return collector


def test_hands_on_a_block_once_all_links_are_in() -> None:
    collector = collector_of()
    assert collector.take(session_of(1), pass_block(1)) is None
    arrival = collector.take(session_of(0), pass_block(0))
    assert isinstance(arrival, Arrival)
    assert (arrival.block.key, arrival.block.links) == (BlockKey(Phase.TEST, 0, 0), (0, 1))
    assert arrival.sample_ids.tolist() == [0, 1, 2, 3, 4]


def test_refuses_everything_before_something_is_asked_for() -> None:
    with pytest.raises(ProtocolError, match="test step 0 micro-batch 0 was not asked for: expected none"):
        BlockCollector(CONFIG).take(session_of(0), pass_block(0))


@pytest.mark.usefixtures("toys")
def test_a_part_of_a_block_that_was_handed_on_without_it_is_late_and_checked_all_the_same() -> None:
    collector = collector_of(with_policy(CONFIG, "toy-first-link"))
    slow = session_of(1)
    assert isinstance(collector.take(session_of(0), pass_block(0)), Arrival)
    assert collector.expects(1)
    assert collector.take(slow, pass_block(1)) == LatePart(BlockKey(Phase.TEST, 0, 0), 1)
    assert slow.unanswered == 1  # it is to be answered
    with pytest.raises(ProtocolError, match="link 1 sent it twice"):
        collector.take(slow, pass_block(1))


def test_refuses_what_was_not_asked_for() -> None:
    collector = collector_of()
    stray = SymbolBlock(0, 0, KEY, np.arange(4), RealPayload(symbols(1.0)))
    with pytest.raises(ProtocolError, match="train step 0 micro-batch 0 was not asked for: expected test") as error:
        collector.take(session_of(0), stray)
    assert error.value.refusal is Refusal.FAILED_PRECONDITION


@pytest.mark.parametrize("links", [1, 2])
def test_refuses_a_block_that_the_link_has_sent(links: int) -> None:
    config = CONFIG.model_copy(update={"links": links})
    collector = collector_of(config)
    session = session_of(0)
    collector.take(session, pass_block(0))
    with pytest.raises(ProtocolError, match="test step 0 micro-batch 0: link 0 sent it twice"):
        collector.take(session, pass_block(0))


def test_refuses_other_samples_than_planned() -> None:
    block = pass_block(0)
    other = SymbolBlock(0, 0, block.key, block.sample_ids + 1, block.payload)
    with pytest.raises(ProtocolError, match="other samples than the run's plan says"):
        collector_of().take(session_of(0), other)


def test_a_link_without_credit_is_refused_until_it_is_answered() -> None:
    config = CONFIG.model_copy(update={"inference": CONFIG.inference.model_copy(update={"block_size": 2})})
    plan = RunPlan(config, 8, 10)
    collector = collector_of(config, plan)
    session = session_of(0)
    keys = [BlockKey(Phase.TEST, 0, number) for number in range(3)]
    payload = RealPayload(symbols(1.0, samples=2))
    blocks = [
        SymbolBlock(0, key.micro_batch, key, plan.block_ids(Phase.TEST, 0, key.micro_batch), payload) for key in keys
    ]
    collector.take(session, blocks[0])
    collector.take(session, blocks[1])
    with pytest.raises(ProtocolError, match="without credit: 2 are unanswered") as error:
        collector.take(session, blocks[2])
    assert error.value.refusal is Refusal.RESOURCE_EXHAUSTED
    collector.take(session_of(1), SymbolBlock(1, 0, keys[0], blocks[0].sample_ids, blocks[0].payload))
    session.send(Prediction(keys[0], np.zeros(2, dtype=np.uint8)))
    collector.take(session, blocks[2])
    assert session.blocks == 3
