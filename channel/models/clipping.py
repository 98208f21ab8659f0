"""A transmitter that clips: ẑ = min(max(z̃, −A), A), or of a complex symbol s̃ = I + jQ: ŝ = s̃·min(1, A/|s̃|).

Complex are the symbols of QPSK and 16-QAM (`channel.digital.modulation`): an amplifier bounds their magnitude, and
leaves their phase alone.
"""

import numpy as np

from splitwave.channel.draws.options import number
from splitwave.channel.draws.pairs import in_phase_and_quadrature, per_real
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances


class ClippingChannel:
    """One link's clipping amplifier: a `NonlinearModel`, therefore the first of its chain. Nothing in it is random."""

    is_additive = False

    def __init__(self, config: RunConfig, link: int, *, amplitude: float) -> None:  # noqa: ARG002 — every link clips alike
        """Set up a link.

        Args:
            config: the run's settings.
            link: index of the link.
            amplitude: A in [10⁻⁶, 10⁶], the largest that the amplifier sends; P_max = 1 allows 1.

        Raises:
            ValueError: it is out of range.
        """
        self._amplitude = np.float32(number("amplitude", amplitude, 1e-6, 1e6))
        self._in_pairs = config.channel.digital.carries_pairs

    def draw(self, key: BlockKey, shape: BlockShape) -> int:  # noqa: ARG002 — nothing is random
        """L, the number of draws."""
        return shape[0]

    def apply(self, symbols: Float32, realisation: int) -> Float32:
        """The clipped symbols, one copy a draw."""
        if self._in_pairs:
            clipped = symbols * self._factors(symbols)
        else:
            clipped = np.clip(symbols, -self._amplitude, self._amplitude)
        return np.repeat(clipped, realisation, axis=0) if len(clipped) < realisation else clipped

    def adjoint(self, gradient: Float32, realisation: int) -> Float32:  # noqa: ARG002
        """Never right: it depends on the symbols, which `adjoint_at` takes.

        Raises:
            TypeError: always.
        """
        raise TypeError("clipping has no adjoint without the symbols that were clipped")

    def adjoint_at(self, gradient: Float32, realisation: int, symbols: Float32) -> Float32:  # noqa: ARG002
        """∂CE/∂ẑ where |z̃| ≤ A, which includes the symbols that are exactly A, and else 0.

        Of a complex symbol beyond A, the part of the gradient across it is left, A/|s̃| times.
        """
        if not self._in_pairs:
            return gradient * (np.abs(symbols) <= self._amplitude)
        factors = self._factors(symbols)
        clipped = symbols * factors / self._amplitude  # of the magnitude 1, where the factor is below 1
        i, q = in_phase_and_quadrature(gradient * clipped)
        along = per_real(i + q, symbols.shape[-1], in_pairs=True) * clipped
        return np.where(factors < 1, factors * (gradient - along), gradient)

    def _factors(self, symbols: Float32) -> Float32:
        """min(1, A/|s̃|) of each real's symbol, (..., d) float32."""
        i, q = in_phase_and_quadrature(symbols)
        factors = self._amplitude / np.maximum(np.hypot(i, q), self._amplitude)
        return per_real(factors.astype(np.float32, copy=False), symbols.shape[-1], in_pairs=True)

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:  # noqa: ARG002
        """`behind`: clipping loses information, so that the rate without it bounds that with it from above."""
        return behind
