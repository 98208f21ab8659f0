"""Counts the symbols that a device serves with, by the β that made them, for their entropy."""

import numpy as np

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import LevelPayload, SymbolBlock
from splitwave.common.protocol.reports import SymbolEntropy


class SymbolHistograms:
    """How often each of the d symbols took each of the T+1 levels under each β."""

    def __init__(self, dimension: int, breakpoints: int) -> None:
        """Args: d; T, or 0 for real symbols, which are not counted."""
        self._shape = (dimension, breakpoints + 1)
        self._counts: dict[float, Int64] = {}
        self._samples: dict[float, int] = {}
        self._news: set[float] = set()

    def add(self, block: SymbolBlock) -> None:
        """Count a block, if it carries the β that made it."""
        beta, payload = block.beta, block.payload
        if beta is None:
            return
        self._samples[beta] = self._samples.get(beta, 0) + len(block.sample_ids)
        self._news.add(beta)
        if isinstance(payload, LevelPayload):
            counts = self._counts.setdefault(beta, np.zeros(self._shape, dtype=np.int64))
            np.add.at(counts, (np.arange(self._shape[0]), payload.indices), 1)

    def news(self) -> tuple[SymbolEntropy, ...]:
        """Of each β that was counted since the last call, over all that was ever counted; β ascending."""
        news, self._news = sorted(self._news), set()
        return tuple(SymbolEntropy(beta, self._samples[beta], self._bits(beta)) for beta in news)

    def _bits(self, beta: float) -> float | None:
        counts = self._counts.get(beta)
        return None if counts is None else mean_entropy_bits(counts)


def mean_entropy_bits(counts: Int64) -> float:
    """(1/d)·Σ_j H_j in bits, H_j = −Σ_t p_jt log2 p_jt with p_jt the share of level t among the symbols j.

    The shares are those seen (the plug-in estimate), which for few samples makes the entropy too small.

    Args:
        counts: (d, T+1); each row has the same sum, at least 1.
    """
    shares = counts / counts.sum(axis=1, keepdims=True)
    logarithms = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return abs(float((shares * logarithms).sum(axis=1).mean()))  # not −0 of symbols that never change
