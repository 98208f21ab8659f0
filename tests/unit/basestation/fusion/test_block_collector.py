"""The collection of the blocks of all links: the blocks that are refused, and the blocks that are complete."""

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


def test_returns_a_block_when_the_parts_of_all_links_have_arrived() -> None:
    collector = collector_of()
    assert collector.take(session_of(1), pass_block(1)) is None
    arrival = collector.take(session_of(0), pass_block(0))
    assert isinstance(arrival, Arrival)
    assert (arrival.block.key, arrival.block.links) == (BlockKey(Phase.TEST, 0, 0), (0, 1))
    assert arrival.sample_ids.tolist() == [0, 1, 2, 3, 4]


def test_refuses_every_block_before_blocks_are_requested() -> None:
    with pytest.raises(ProtocolError, match="test step 0 micro-batch 0 was not asked for: expected none"):
        BlockCollector(CONFIG).take(session_of(0), pass_block(0))


@pytest.mark.usefixtures("toys")
def test_a_part_that_arrives_after_its_block_was_returned_is_late_and_still_checked() -> None:
    collector = collector_of(with_policy(CONFIG, "toy-first-link"))
    slow = session_of(1)
    assert isinstance(collector.take(session_of(0), pass_block(0)), Arrival)
    assert collector.expects(1)
    assert collector.take(slow, pass_block(1)) == LatePart(BlockKey(Phase.TEST, 0, 0), 1)
    assert slow.unanswered == 1  # the late part needs an answer
    with pytest.raises(ProtocolError, match="link 1 sent it twice"):
        collector.take(slow, pass_block(1))


def test_refuses_blocks_that_were_not_requested() -> None:
    collector = collector_of()
    stray = SymbolBlock(0, 0, KEY, np.arange(4), RealPayload(symbols(1.0)))
    with pytest.raises(ProtocolError, match="train step 0 micro-batch 0 was not asked for: expected test") as error:
        collector.take(session_of(0), stray)
    assert error.value.refusal is Refusal.FAILED_PRECONDITION


@pytest.mark.parametrize("links", [1, 2])
def test_refuses_a_block_that_the_link_has_sent_before(links: int) -> None:
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
