"""The erasures of links: the law of link dropout, and what its draws depend on."""

import itertools
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from splitwave.basestation.fusion.fusion_buffer import FusionBuffer
from splitwave.basestation.fusion.link_erasures import LinkErasures
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.randomness import Purpose, generator
from tests.unit.basestation.base_station_parts import CONFIG, symbols

STEPS = 20_000


def training_key(step: int, micro_batch: int = 0) -> BlockKey:
    return BlockKey(Phase.TRAIN, step, micro_batch)


@given(
    st.integers(2, 8),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**40),
    st.integers(0, 63),
)
def test_a_training_block_keeps_one_link_at_least(
    links: int, dropout: float, seed: int, step: int, micro_batch: int
) -> None:
    erased = LinkErasures(range(links), dropout=dropout, seed=seed).of_block(training_key(step, micro_batch))
    assert erased < set(range(links))
    assert erased == LinkErasures(range(links), dropout=dropout, seed=seed).of_block(training_key(step, micro_batch))


@pytest.mark.parametrize(("links", "dropout"), [(2, 0.5), (3, 0.2), (4, 0.2)])
def test_every_set_of_links_is_erased_as_often_as_the_law_says(links: int, dropout: float) -> None:
    """Within five standard deviations of the share of a set in so many independent draws."""
    erasures = LinkErasures(range(links), dropout=dropout, seed=3)
    counts = dict.fromkeys(
        (frozenset(each) for m in range(links) for each in itertools.combinations(range(links), m)), 0
    )
    for step in range(STEPS):
        counts[erasures.of_block(training_key(step))] += 1
    for erased, count in counts.items():
        missing = len(erased)
        share = dropout**missing * (1 - dropout) ** (links - missing)
        if missing == links - 1:
            share += dropout**links / links  # all would be erased, and this link's draw is the largest
        assert abs(count / STEPS - share) < 5 * math.sqrt(share * (1 - share) / STEPS)


def test_a_link_is_erased_where_its_own_keyed_draw_is_below_the_probability() -> None:
    erasures = LinkErasures(range(4), dropout=0.3, seed=11)
    for step, micro_batch in itertools.product(range(50), range(2)):
        draws = [
            generator(11, Purpose.LINK_DROPOUT, link=link, phase=1, step=step, micro_batch=micro_batch).random()
            for link in range(4)
        ]
        expected = {link for link, draw in enumerate(draws) if draw < 0.3} - {draws.index(max(draws))}
        assert erasures.of_block(training_key(step, micro_batch)) == expected


def test_a_link_s_draw_does_not_depend_on_how_many_other_links_there_are() -> None:
    few, many = (LinkErasures(range(links), dropout=0.2, seed=1) for links in (4, 6))
    both = [(few.of_block(training_key(step)), many.of_block(training_key(step))) for step in range(200)]
    usual = [(a, b) for a, b in both if len(a) < 3]  # else the largest draw may have saved a link of the few
    assert len(usual) > 150
    assert all(a == {link for link in b if link < 4} for a, b in usual)


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.TRAIN])
def test_passes_erase_the_links_that_are_down_alone(phase: Phase) -> None:
    erasures = LinkErasures(range(4), (2,), dropout=0.9)
    assert erasures.of_block(BlockKey(phase, 0, 0)) == {2}


def test_links_that_are_down_are_erased_in_training_too_and_another_one_stays() -> None:
    erasures = LinkErasures(range(3), (0,), dropout=0.99)
    erased = {erasures.of_block(training_key(step)) for step in range(300)}
    assert erased >= {frozenset({0, 1}), frozenset({0, 2})}
    assert all(0 in each and len(each) < 3 for each in erased)


def test_the_symbols_of_erased_links_are_zeros_and_the_block_names_the_others() -> None:
    config = CONFIG.model_copy(update={"training": CONFIG.training.model_copy(update={"link_dropout": 0.5})})
    fusion, erasures = FusionBuffer.of(config, 1), LinkErasures.of(config)
    seen = set()
    for step in range(30):
        key = training_key(step)
        fusion.add(key, 1, symbols(2.0))
        fused = fusion.add(key, 0, symbols(1.0))
        assert fused is not None
        erased = erasures.of_block(key)
        values = [0.0 if link in erased else link + 1.0 for link in (0, 1)]
        assert torch.equal(fused.symbols, torch.tensor(values).repeat_interleave(3).expand(1, 4, 6))
        assert (fused.links, fused.erased) == ((0, 1), erased)
        assert fused.used == tuple(link for link in (0, 1) if link not in erased)
        seen.add(fused.used)
    assert seen == {(0, 1), (0,), (1,)}
