"""Additive white Gaussian noise: ẑ = z̃ + ε, ε ~ N(0, σ²I)  [QML-IB, the channel before eq. (13)]."""

import numpy as np
from numpy.typing import NDArray

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances
from splitwave.common.protocol.link_noise import draw_of_sample, noise_variances
from splitwave.common.randomness import Purpose, generator


def gaussian_noise(
    seed: int, link: int, key: BlockKey, shape: BlockShape, sigma: np.float32 | NDArray[np.float32]
) -> Float32:
    """(L, B, d) float32 of N(0, σ²), keyed by (seed, link, block, draw); draw l is the same for any L.

    Args:
        seed: of the run.
        link: index of the link.
        key: of the block that meets the noise.
        shape: (L, B, d).
        sigma: σ, or (B, 1) with that of each sample.
    """
    noise = np.empty(shape, dtype=np.float32)
    for number in range(len(noise)):
        rng = generator(
            seed,
            Purpose.CHANNEL_NOISE,
            link=link,
            phase=key.phase,
            step=key.step,
            micro_batch=key.micro_batch,
            draw=number,
        )
        rng.standard_normal(out=noise[number], dtype=np.float32)
    noise *= sigma
    return noise


class AwgnChannel:
    """One link's AWGN channel; its realisation is the noise ε, (L, B, d) float32, with σ² of `link_noise`."""

    is_additive = True

    def __init__(self, config: RunConfig, link: int) -> None:
        self._config = config
        self._link = link

    def draw(self, key: BlockKey, shape: BlockShape) -> Float32:
        """The noise of a block."""
        return gaussian_noise(self._config.seed, self._link, key, shape, self._sigma(key, samples=shape[1]))

    def apply(self, symbols: Float32, realisation: Float32) -> Float32:
        """ẑ = z̃ + ε; overwrites and returns the noise."""
        return np.add(symbols, realisation, out=realisation)

    def adjoint(self, gradient: Float32, realisation: Float32) -> Float32:  # noqa: ARG002 — the gain is 1
        """The gradient itself."""
        return gradient

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:
        """σ² + `behind`."""
        return noise_variances(self._config, self._link, key.phase, key.step) + behind

    def _sigma(self, key: BlockKey, samples: int) -> np.float32 | NDArray[np.float32]:
        variances = noise_variances(self._config, self._link, key.phase, key.step)
        if len(variances) == 1:
            return np.float32(float(variances[0]) ** 0.5)
        return np.sqrt(variances[draw_of_sample(len(variances), samples)][:, None]).astype(np.float32)
