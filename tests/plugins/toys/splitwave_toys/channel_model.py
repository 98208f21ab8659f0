"""A gain that each link keeps for the whole run: ẑ = h_k·z̃."""

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances
from splitwave.common.randomness import Purpose, generator


class FixedGain:
    """h_k is uniform in [0.5, 1.5] with either sign, and known to the devices."""

    is_additive = False

    def __init__(self, config: RunConfig, link: int) -> None:
        rng = generator(config.seed, Purpose.FADING, link=link)
        self._gain = np.float32(rng.choice([-1, 1]) * rng.uniform(0.5, 1.5))

    def draw(self, key: BlockKey, shape: BlockShape) -> Float32:  # noqa: ARG002 — all blocks meet the same gain
        """(L, 1, 1), the gain of each draw."""
        return np.full((shape[0], 1, 1), self._gain)

    def apply(self, symbols: Float32, realisation: Float32) -> Float32:
        """h_k·z̃."""
        return realisation * symbols

    def adjoint(self, gradient: Float32, realisation: Float32) -> Float32:
        """h_k·∂CE/∂ẑ: the gain is real."""
        return realisation * gradient

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:  # noqa: ARG002
        """σ²/h_k² of the noise behind."""
        return behind / float(self._gain) ** 2
