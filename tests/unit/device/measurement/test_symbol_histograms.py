"""The histograms of the symbols that a device serves with, and their entropy."""

import math

import numpy as np
import pytest

from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.reports import SymbolEntropy
from splitwave.device.measurement.symbol_histograms import SymbolHistograms, mean_entropy_bits


def block(beta: float | None, payload: LevelPayload | RealPayload, samples: int) -> SymbolBlock:
    return SymbolBlock(0, 0, BlockKey(Phase.SERVE, 0, 0), np.arange(samples), payload, beta=beta)


def levels(*rows: list[int]) -> LevelPayload:
    return LevelPayload(np.array(rows, dtype=np.uint8), 0, None)


def test_the_entropy_is_the_mean_over_the_symbols() -> None:
    # Four equally frequent levels have 2 bits, a constant level has 0 bits, and shares of 1/4 and 3/4 have 0.811 bits.
    counts = np.array([[1, 1, 1, 1], [0, 4, 0, 0], [1, 0, 0, 3]])
    assert mean_entropy_bits(counts) == pytest.approx((2 + 0 + 0.8112781244591328) / 3, rel=1e-12)
    assert math.copysign(1, mean_entropy_bits(counts[1:2])) == 1  # a summary must not contain −0


def test_counts_each_beta_separately_and_reports_betas_with_new_samples_over_all_samples() -> None:
    histograms = SymbolHistograms(2, 3)
    histograms.add(block(0.5, levels([0, 3], [1, 3]), 2))
    histograms.add(block(0.1, levels([2, 2]), 1))
    assert histograms.new_entropies() == (SymbolEntropy(0.1, 1, 0.0), SymbolEntropy(0.5, 2, 0.5))
    histograms.add(block(0.5, levels([0, 3], [1, 2]), 2))
    (entropy,) = histograms.new_entropies()
    assert (entropy.beta, entropy.samples) == (0.5, 4)
    assert entropy.bits == pytest.approx((1 + 0.8112781244591328) / 2, rel=1e-12)
    assert histograms.new_entropies() == ()


def test_real_symbols_are_counted_but_have_no_entropy() -> None:
    histograms = SymbolHistograms(2, 0)
    histograms.add(block(0.5, RealPayload(np.zeros((1, 3, 2), dtype=np.float32)), 3))
    assert histograms.new_entropies() == (SymbolEntropy(0.5, 3, None),)


def test_blocks_that_carry_no_beta_are_not_counted() -> None:
    histograms = SymbolHistograms(2, 3)
    histograms.add(block(None, levels([0, 0]), 1))
    assert histograms.new_entropies() == ()
