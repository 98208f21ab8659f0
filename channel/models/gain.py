"""A fixed gain: ẑ = g·z̃, g = 10^(gain_db/20)."""

import math

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances

MOST_DB = 150.0
"""The largest gain or loss, as of a PSNR."""


class GainChannel:
    """Multiplies all symbols of a link by one gain; its realisation is that gain, (L, B, 1) float32."""

    is_additive = False

    def __init__(self, _config: RunConfig, _link: int, *, gain_db: float = 0.0) -> None:
        """Args: the gain in decibels of power, from −150 to 150.

        Raises:
            ValueError: `gain_db` is not within this range.
        """
        if not (math.isfinite(gain_db) and abs(gain_db) <= MOST_DB):
            raise ValueError(f"gain_db = {gain_db}: expected a number from {-MOST_DB:g} to {MOST_DB:g}")
        self._gain = 10.0 ** (gain_db / 20)

    def draw(self, key: BlockKey, shape: BlockShape) -> Float32:  # noqa: ARG002 — the same for all blocks
        """The gain of each sample."""
        draws, samples, _ = shape
        return np.full((draws, samples, 1), self._gain, dtype=np.float32)

    def apply(self, symbols: Float32, realisation: Float32) -> Float32:
        """ẑ = g·z̃."""
        return symbols * realisation

    def adjoint(self, gradient: Float32, realisation: Float32) -> Float32:
        """g·∂CE/∂ẑ."""
        return gradient * realisation

    def gains(self, realisation: Float32) -> Float32:
        """(L, B, 1) float32 gains."""
        return realisation

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:  # noqa: ARG002 — as for `draw`
        """`behind` / g²: this model adds no noise, and the noise behind it weighs less where it amplifies."""
        return behind / self._gain**2
