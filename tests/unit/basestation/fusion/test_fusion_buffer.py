"""The fusion of symbols, which puts those of all links side by side."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import pytest
import torch

from splitwave.basestation.fusion.fusion_buffer import FusionBuffer
from splitwave.basestation.fusion.fusion_policy import FusionPolicies
from splitwave.basestation.fusion.link_erasures import LinkErasures
from splitwave.basestation.fusion.policies.deadline import Deadline
from splitwave.basestation.fusion.policies.quorum import Quorum
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.live_channel import UNCHANGED, ChannelValues, LiveChannel
from splitwave.common.protocol.phases import Phase
from tests.unit.basestation.base_station_parts import KEY, symbols


def test_puts_links_side_by_side_in_any_order_of_arrival() -> None:
    fusion = FusionBuffer(2, 3, capacity=1)
    assert fusion.add(KEY, 1, symbols(2.0, draws=2)) is None
    fused = fusion.add(KEY, 0, symbols(1.0, draws=2))
    assert fused is not None
    assert torch.equal(fused.symbols, torch.tensor([1.0] * 3 + [2.0] * 3).expand(2, 4, 6))


def test_refuses_another_shape_than_the_other_links() -> None:
    fusion = FusionBuffer(2, 3, capacity=1)
    fusion.add(KEY, 0, symbols(1.0))
    with pytest.raises(ProtocolError, match=r"link 1 sent \(L, B\) = \(2, 4\), another link \(1, 4\)"):
        fusion.add(KEY, 1, symbols(1.0, draws=2))


def test_memory_is_bounded() -> None:
    fusion = FusionBuffer(2, 3, capacity=1)
    fusion.add(KEY, 0, symbols(1.0))
    with pytest.raises(ProtocolError, match="more than 1 blocks wait"):
        fusion.add(BlockKey(Phase.TRAIN, 0, 1), 0, symbols(1.0))


class FirstLink:
    """A policy that needs only one link."""

    def is_complete(self, present: AbstractSet[int], expected: AbstractSet[int]) -> bool:
        return bool(present) and present <= expected


def first_link_buffer(links: int = 3, betas: Sequence[float] = (), capacity: int = 1) -> FusionBuffer:
    return FusionBuffer(links, 3, capacity, FusionPolicies.of(FirstLink()), betas)


def test_a_fused_block_names_its_links_in_ascending_order() -> None:
    fusion = FusionBuffer(2, 3, capacity=1)
    fusion.add(KEY, 1, symbols(2.0), beta=0.5)
    fused = fusion.add(KEY, 0, symbols(1.0), beta=0.25)
    assert fused is not None
    assert (fused.links, fused.betas) == ((0, 1), (0.25, 0.5))


def test_missing_links_are_zeros_and_never_uninitialised_memory() -> None:
    fusion = first_link_buffer()
    for number in range(20):  # later blocks reuse the memory of earlier ones
        key = BlockKey(Phase.TRAIN, 0, number)
        fused = fusion.add(key, 1, symbols(7.0, draws=2))
        assert fused is not None
        assert fused.links == (1,)
        assert torch.equal(fused.symbols, torch.tensor([0.0] * 3 + [7.0] * 3 + [0.0] * 3).expand(2, 4, 9))
        del fused


def test_a_missing_link_has_the_beta_of_the_settings_if_the_others_carry_one() -> None:
    with_beta = first_link_buffer(betas=(0.1, 0.2, 0.3)).add(KEY, 1, symbols(1.0), beta=0.5)
    without = first_link_buffer(betas=(0.1, 0.2, 0.3)).add(KEY, 1, symbols(1.0))
    assert with_beta is not None
    assert without is not None
    assert (with_beta.betas, without.betas) == ((0.1, 0.5, 0.3), ())


def test_late_parts_are_dropped_and_begin_no_new_block() -> None:
    fusion = first_link_buffer()
    fused = fusion.add(KEY, 0, symbols(1.0))
    assert fused is not None
    for link in (2, 1):
        assert fusion.awaits_late_parts(KEY)
        assert fusion.add(KEY, link, symbols(9.0)) is None
    assert not fusion.awaits_late_parts(KEY)
    assert torch.equal(fused.symbols, torch.tensor([1.0] * 3 + [0.0] * 6).expand(1, 4, 9))
    assert (
        fusion.add(BlockKey(Phase.TRAIN, 0, 1), 0, symbols(1.0)) is not None
    )  # the buffer has room, because no block waits


def test_a_late_part_of_another_shape_is_refused() -> None:
    fusion = first_link_buffer()
    fusion.add(KEY, 0, symbols(1.0))
    with pytest.raises(ProtocolError, match=r"link 1 sent \(L, B\) = \(2, 4\), another link \(1, 4\)"):
        fusion.add(KEY, 1, symbols(1.0, draws=2))


def test_the_symbols_of_a_link_that_is_down_are_zeros() -> None:
    fusion = FusionBuffer(2, 3, capacity=1, erasures=LinkErasures(range(2), (0,)))
    fusion.add(KEY, 0, symbols(1.0))
    fused = fusion.add(KEY, 1, symbols(2.0))
    assert fused is not None
    assert torch.equal(fused.symbols, torch.tensor([0.0] * 3 + [2.0] * 3).expand(1, 4, 6))
    assert (fused.links, fused.used) == ((0, 1), (1,))


def test_of_a_link_that_is_down_the_state_of_its_channel_is_zero_too() -> None:
    receiver = {"csi": "perfect", "inputs": True}
    settings = {"links": 2, "encoder": {"dimension": 1}, "channel": {"receiver": receiver}, "fusion": {"down": [0]}}
    fusion = FusionBuffer.of(RunConfig.model_validate(settings), capacity=1)
    fusion.add(KEY, 0, symbols(1.0))
    fused = fusion.add(KEY, 1, symbols(2.0))
    assert fused is not None
    assert torch.equal(fused.symbols, torch.tensor([0.0] * 3 + [2.0] * 3).expand(1, 4, 6))


def waiting_buffer(*places: tuple[int, int]) -> FusionBuffer:
    """A buffer of three links with (block, link) parts in it; the blocks wait for all links, and in passes 1 s."""
    fusion = FusionBuffer(3, 3, 4, FusionPolicies.of(Deadline(wait_s=1.0)))
    for number, link in places:
        assert fusion.add(pass_key(number), link, symbols(link + 1.0)) is None
    return fusion


def pass_key(number: int) -> BlockKey:
    return BlockKey(Phase.SERVE, 0, number)


def test_a_released_block_has_zeros_for_the_links_that_are_missing_and_follows_older_ones() -> None:
    fusion = waiting_buffer((0, 2), (1, 2), (1, 0), (2, 2))
    blocks = fusion.release(pass_key(1))
    assert [(block.key.micro_batch, block.links) for block in blocks] == [(0, (2,)), (1, (0, 2))]
    assert torch.equal(blocks[1].symbols, torch.tensor([1.0] * 3 + [0.0] * 3 + [3.0] * 3).expand(1, 4, 9))
    assert fusion.release(pass_key(1)) == []
    assert fusion.add(pass_key(0), 0, symbols(9.0)) is None  # late
    assert fusion.add(pass_key(0), 1, symbols(9.0)) is None
    assert not fusion.awaits_late_parts(pass_key(0))
    assert fusion.awaits_late_parts(pass_key(1))


def test_blocks_that_waited_for_a_lost_link_alone_are_complete_in_their_order() -> None:
    fusion = waiting_buffer((0, 0), (0, 2), (1, 2), (1, 0), (2, 0))
    blocks = fusion.lose(1)
    assert [(block.key.micro_batch, block.links) for block in blocks] == [(0, (0, 2)), (1, (0, 2))]
    assert not fusion.awaits_late_parts(pass_key(0))  # nobody will send the missing part
    block = fusion.add(pass_key(2), 2, symbols(3.0))
    assert block is not None
    assert block.links == (0, 2)


def test_a_part_that_came_before_its_link_was_lost_is_used() -> None:
    fusion = waiting_buffer((0, 1))
    assert fusion.lose(1) == []
    assert fusion.add(pass_key(0), 2, symbols(3.0)) is None
    block = fusion.add(pass_key(0), 0, symbols(1.0))
    assert block is not None
    assert block.links == (0, 1, 2)


def test_a_link_that_takes_no_part_is_not_waited_for() -> None:
    fusion = waiting_buffer()
    fusion.expect(4, (0, 2))
    assert fusion.add(pass_key(0), 2, symbols(3.0)) is None
    block = fusion.add(pass_key(0), 0, symbols(1.0))
    assert block is not None
    assert block.links == (0, 2)
    assert not fusion.awaits_late_parts(pass_key(0))


def test_training_blocks_wait_for_all_links_under_a_policy_for_passes() -> None:
    fusion = FusionBuffer(2, 3, 1, FusionPolicies.of(Quorum(links=1)))
    assert fusion.add(KEY, 1, symbols(2.0)) is None
    block = fusion.add(KEY, 0, symbols(1.0))
    assert block is not None
    assert block.links == (0, 1)
    early = fusion.add(pass_key(0), 1, symbols(2.0))
    assert early is not None
    assert early.links == (1,)


def test_a_fused_block_says_which_live_state_each_part_met() -> None:
    changed = LiveChannel(3, ChannelValues(psnr_db=0.0))
    fusion = FusionBuffer(2, 3, 4)
    fusion.add(KEY, 1, symbols(2.0), channel=changed)
    fused = fusion.add(KEY, 0, symbols(1.0))
    assert fused is not None
    assert fused.channels == (UNCHANGED, changed)
    fusion.add(KEY, 1, symbols(2.0))
    fused = fusion.add(KEY, 0, symbols(1.0))
    assert fused is not None
    assert fused.channels == ()
