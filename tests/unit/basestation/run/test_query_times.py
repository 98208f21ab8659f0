"""The times that queries spend at the base station, with times that the tests choose."""

import numpy as np
import pytest
import torch

from splitwave.basestation.fusion.block_collector import Arrival, LatePart
from splitwave.basestation.fusion.fusion_buffer import FusedBlock
from splitwave.basestation.run.decoding import PredictedBlock
from splitwave.basestation.run.query_times import QueryTimes
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.timing import Hop, Stamps

DECODED = PredictedBlock(np.zeros(1, dtype=np.uint8), 130, 150)


def arrival_of(key: BlockKey, *links: int) -> Arrival:
    return Arrival(FusedBlock(key, torch.zeros(1, 1, 2), links), np.zeros(1, dtype=np.int64))


def fused(phase: Phase, times: QueryTimes) -> Arrival:
    """A block whose link 1 arrived at 100 and link 0 at 110, and that was fused at 112."""
    arrival = arrival_of(BlockKey(phase, 0, 0), 0, 1)
    times.block_arrived(arrival.block.key, 1, 100)
    times.block_arrived(arrival.block.key, 0, 110)
    times.block_fused(arrival, 112)
    return arrival


def test_a_serving_pass_has_the_durations_of_fuse_wait_and_decoding() -> None:
    times = QueryTimes(2)
    of = times.of(fused(Phase.SERVE, times).block.key, DECODED)
    assert of(0) == ((Hop("fuse wait", 2), Hop("decode", 20)), None)
    assert of(1) == ((Hop("fuse wait", 12), Hop("decode", 20)), None)


def test_a_load_pass_has_time_stamps() -> None:
    times = QueryTimes(2)
    of = times.of(fused(Phase.LOAD, times).block.key, DECODED)
    assert of(1) == ((), Stamps(100, 112, 130, 150))


@pytest.mark.parametrize("phase", [Phase.TRAIN, Phase.VALIDATION, Phase.TEST])
def test_blocks_of_other_phases_have_no_times(phase: Phase) -> None:
    times = QueryTimes(2)
    assert times.of(fused(phase, times).block.key, DECODED)(0) == ((), None)


def test_the_times_of_a_query_are_deleted_when_every_link_has_its_answer() -> None:
    times = QueryTimes(3)
    arrival = fused(Phase.SERVE, times)
    key = arrival.block.key
    of = times.of(key, DECODED)
    times.block_answered(arrival, DECODED)
    times.block_arrived(key, 2, 140)  # this part is late: the answer is being decoded
    assert of(2) == ((Hop("fuse wait", 0), Hop("decode", 0)), None)
    times.late_part_answered(LatePart(key, 2))
    assert times.of(key, DECODED)(2) == ((), None)
