"""Additive white Gaussian noise: ẑ = z̃ + ε, ε ~ N(0, σ²I)  [QML-IB, the channel before eq. (13)]."""

import numpy as np
from numpy.typing import NDArray

from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.randomness import Purpose, generator


class AwgnChannel:
    """One link's AWGN channel, a pure function of (seed, link, block, draw): draw / apply / adjoint.

    The noise is keyed by the block it meets, so the channel has no state and a restart loses nothing.
    """

    def __init__(self, *, seed: int, link: int, noise_variance: float | NDArray[np.float64]) -> None:
        """Args: the run's seed, the link's index, and σ² > 0 in units of P_max = 1, or (B,) of each sample."""
        self._seed = seed
        self._link = link
        self._sigma = (
            np.float32(noise_variance**0.5)
            if isinstance(noise_variance, float)
            else np.sqrt(noise_variance[:, None]).astype(np.float32)
        )

    def draw(self, key: BlockKey, draws: int, samples: int, dimension: int) -> Float32:
        """The noise ε of a block, (draws, samples, dimension) float32; draw l is the same whatever `draws` is."""
        noise = np.empty((draws, samples, dimension), dtype=np.float32)
        for number in range(draws):
            rng = generator(
                self._seed,
                Purpose.CHANNEL_NOISE,
                link=self._link,
                phase=key.phase,
                step=key.step,
                micro_batch=key.micro_batch,
                draw=number,
            )
            rng.standard_normal(out=noise[number], dtype=np.float32)
        noise *= self._sigma
        return noise

    @staticmethod
    def apply(symbols: Float32, noise: Float32) -> Float32:
        """ẑ = z̃ + ε: (1, B, d) symbols and (L, B, d) noise to (L, B, d); overwrites and returns the noise."""
        return np.add(symbols, noise, out=noise)

    @staticmethod
    def adjoint(gradient: Float32) -> Float32:
        """∂CE/∂z̃ = Σ_l ∂CE/∂ẑ_l: (L, B, d) to (1, B, d). AWGN has gain 1, so the L draws only add up."""
        if gradient.shape[0] == 1:
            return gradient
        total: Float32 = gradient.sum(axis=0, keepdims=True)
        return total
