"""The entropy of the symbols that a device serves with, from one histogram per symbol and β."""

import numpy as np

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.blocks import LevelPayload, SilentPayload, SymbolBlock
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.reports import SymbolEntropy
from splitwave.device.measurement.events import BlockObserver, EncodingTimes


class SymbolHistograms(BlockObserver):
    """Counts how often each of the d symbols took each of the T + 1 levels under each β in serving passes."""

    def __init__(self, dimension: int, breakpoints: int) -> None:
        """Begin with empty histograms.

        Args:
            dimension: d.
            breakpoints: T, or 0 for real symbols, which are not counted.
        """
        self._shape = (dimension, breakpoints + 1)
        self._counts: dict[float, Int64] = {}
        self._samples: dict[float, int] = {}
        self._changed: set[float] = set()

    def made(self, block: SymbolBlock, due_ns: int, times: EncodingTimes) -> None:  # noqa: ARG002
        if block.key.phase is Phase.SERVE:
            self.add(block)

    def add(self, block: SymbolBlock) -> None:
        """Count the symbols of a block, if it carries the β under which it was encoded, and its link is not adapted."""
        beta, payload = block.beta, block.payload
        if beta is None or block.bits is not None or isinstance(payload, SilentPayload):
            return
        self._samples[beta] = self._samples.get(beta, 0) + len(block.sample_ids)
        self._changed.add(beta)
        if isinstance(payload, LevelPayload):
            counts = self._counts.setdefault(beta, np.zeros(self._shape, dtype=np.int64))
            np.add.at(counts, (np.arange(self._shape[0]), payload.indices), 1)

    def new_entropies(self) -> tuple[SymbolEntropy, ...]:
        """The entropies under each β that was counted since the last call, over all blocks so far; β ascending."""
        changed, self._changed = sorted(self._changed), set()
        return tuple(SymbolEntropy(beta, self._samples[beta], self._bits(beta)) for beta in changed)

    def _bits(self, beta: float) -> float | None:
        counts = self._counts.get(beta)
        return None if counts is None else mean_entropy_bits(counts)


def mean_entropy_bits(counts: Int64) -> float:
    """(1/d)·Σ_j H_j in bits, H_j = −Σ_t p_jt log2 p_jt with p_jt the share of level t among the symbols j.

    The shares are those observed (the plug-in estimate); with few samples the entropy is too small.

    Args:
        counts: (d, T + 1); the sums of the rows are equal, and at least 1.
    """
    shares = counts / counts.sum(axis=1, keepdims=True)
    logarithms = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return abs(float((shares * logarithms).sum(axis=1).mean()))  # symbols that never change would give −0
