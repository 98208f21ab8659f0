"""Gray-mapped constellations on real arrays: bits to amplitudes, and amplitudes to the nearest point's bits.

Every constellation is a Gray-mapped PAM on each of its real dimensions, in the bit order of 3GPP TS 38.211, section
5.1. The peak amplitude of a whole symbol is 1, as that of the level amplitudes (QML-IB eq. (20), P_max = 1).

Shapes: S symbols a sample, R reals a symbol (1, or 2 for I and Q), m bits a real.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from splitwave.channel.digital.bits import bits_of, numbers_of
from splitwave.common.protocol.arrays import Bytes, Float32


@dataclass(frozen=True, slots=True)
class Constellation:
    """A modulation with unit peak amplitude.

    Attributes:
        reals: R, real dimensions of a symbol: 2 for I and Q.
        bits_per_real: m, 1 for ±δ, 2 for ±δ and ±3δ.
    """

    reals: int
    bits_per_real: int

    @property
    def bits(self) -> int:
        """Bits a symbol."""
        return self.reals * self.bits_per_real

    @property
    def points_per_real(self) -> int:
        """How many amplitudes one real dimension has."""
        return 1 << self.bits_per_real

    @property
    def half_distance(self) -> float:
        """δ, half of the distance of neighbours: the corner (2^m − 1)·δ·√R has the amplitude 1."""
        return float(1.0 / ((self.points_per_real - 1) * self.reals**0.5))

    @property
    def mean_energy(self) -> float:
        """E|s|² of equally likely points, where |s|² ≤ 1: R·(M² − 1)·δ²/3 with M points a real."""
        return self.reals * (self.points_per_real**2 - 1) * self.half_distance**2 / 3.0

    def modulate(self, bits: Bytes) -> Float32:
        """Amplitudes: a sign, 1 − 2b, times δ or, with two bits a real, δ·(2 − (1 − 2b')).

        Args:
            bits: (..., S·R·m) uint8 of 0 and 1; of a symbol's bits first the signs of I and Q, then their sizes.

        Returns:
            (..., S·R) float32.
        """
        return self._points()[numbers_of(bits, self.bits)].reshape(*bits.shape[:-1], -1)

    def decide(self, received: Float32) -> Bytes:
        """The bits of the nearest points.

        Args:
            received: (..., S·R) float32 amplitudes of any size.

        Returns:
            (..., S·R·m) uint8 of 0 and 1, in the order of `modulate`.
        """
        symbols = received.reshape(*received.shape[:-1], -1, self.reals)
        bits = np.empty((*symbols.shape[:-1], self.bits_per_real, self.reals), dtype=np.bool_)
        np.less(symbols, 0.0, out=bits[..., 0, :])
        if self.bits_per_real > 1:
            np.greater(np.abs(symbols), np.float32(2.0 * self.half_distance), out=bits[..., 1, :])
        return bits.view(np.uint8).reshape(*received.shape[:-1], -1)

    @cache  # noqa: B019 — as many as there are modulations
    def _points(self) -> Float32:
        """(2^bits, R) float32: the point of each number of a symbol's bits."""
        numbers = np.arange(1 << self.bits, dtype=np.uint8)[:, None]
        split = bits_of(numbers, self.bits).reshape(-1, self.bits_per_real, self.reals)
        amplitudes = (1.0 - 2.0 * split[:, 0]) * self.half_distance
        if self.bits_per_real > 1:
            amplitudes *= 1.0 + 2.0 * split[:, 1]
        return amplitudes.astype(np.float32)


CONSTELLATIONS = {
    "bpsk": Constellation(reals=1, bits_per_real=1),
    "qpsk": Constellation(reals=2, bits_per_real=1),
    "16-qam": Constellation(reals=2, bits_per_real=2),
}
"""By the name in `channel.digital.modulation`."""
