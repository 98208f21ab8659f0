"""The use of a link's codebook: which levels the symbols of a split take, and how often."""

from dataclasses import dataclass

import numpy as np

from splitwave.common.protocol.arrays import Float32, Int64
from splitwave.common.protocol.snr import mean_power
from splitwave.device.measurement.symbol_histograms import mean_entropy_bits


@dataclass(frozen=True, slots=True)
class CodebookUse:
    """One link's symbols.

    Attributes:
        link: index of the link.
        levels: (T + 1,) float32 values of the levels.
        counts: (d, T + 1) int64, how often each of the d symbols of a sample took each level.
    """

    link: int
    levels: Float32
    counts: Int64

    @property
    def histogram(self) -> Int64:
        """(T + 1,), how often all symbols together took each level."""
        histogram: Int64 = self.counts.sum(axis=0)
        return histogram

    @property
    def levels_used(self) -> int:
        """How many levels were sent at least once."""
        return int(np.count_nonzero(self.histogram))

    @property
    def entropy_bits(self) -> float:
        """The mean entropy of the d symbols, each with the shares that were observed; at most log2(T + 1)."""
        return mean_entropy_bits(self.counts)

    @property
    def mean_power(self) -> float:
        """E[c²] of the symbols with the shares that were observed, P_max = 1; see `common.protocol.snr`."""
        histogram = self.histogram
        return mean_power(self.levels.tolist(), (histogram / histogram.sum()).tolist())
