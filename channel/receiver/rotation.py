"""The rotation of received symbols by the phase of a channel estimate, and its adjoint.

Shapes: L noise draws, B samples, d features.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from splitwave.common.protocol.arrays import Float32

QuadratureNoise = Callable[[int], Float32]
"""Draws (L, B, width) of the noise in quadrature to real symbols."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """Multiplies received symbols by e^(−jφ).

    A real symbol y arrives as y + j·q, q ~ N(0, v), and its real part is kept: y·cos φ + q·sin φ, whose noise still has
    the variance v. A complex one is a pair of reals, (2i, 2i+1), and both parts are kept; of an odd number of reals the
    last one is real.

    Attributes:
        cosine, sine: of φ, (L, B, 1) float32.
        pairs: whether symbols are complex.
        noise: q.
    """

    cosine: Float32
    sine: Float32
    pairs: bool
    noise: QuadratureNoise

    def apply(self, symbols: Float32) -> Float32:
        """(L, B, d) float32 turned back."""
        paired = self._paired(symbols.shape[-1])
        turned = np.empty(np.broadcast_shapes(symbols.shape, self.cosine.shape), dtype=np.float32)
        real, of_pairs = symbols[..., paired:], symbols[..., :paired]
        if real.shape[-1]:
            turned[..., paired:] = real * self.cosine + self.noise(real.shape[-1]) * self.sine
        in_phase, quadrature = of_pairs[..., 0::2], of_pairs[..., 1::2]
        turned[..., 0:paired:2] = in_phase * self.cosine + quadrature * self.sine
        turned[..., 1:paired:2] = quadrature * self.cosine - in_phase * self.sine
        return turned

    def adjoint(self, gradient: Float32) -> Float32:
        """(L, B, d) float32 of the symbols from that of the turned ones."""
        paired = self._paired(gradient.shape[-1])
        returned = gradient * self.cosine
        returned[..., 0:paired:2] -= gradient[..., 1:paired:2] * self.sine
        returned[..., 1:paired:2] += gradient[..., 0:paired:2] * self.sine
        return returned

    def _paired(self, width: int) -> int:
        return width // 2 * 2 if self.pairs else 0
