"""The base of models that multiply the symbols of a sample by one gain: ẑ = g·z̃."""

from abc import ABC, abstractmethod

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances
from splitwave.common.protocol.sample_positions import SamplePositions, sample_positions


class SampleGain(ABC):
    """A `GainModel` by the positions of samples; its realisation is the gain g, (L, B, 1) float32."""

    is_additive = False

    def __init__(self, config: RunConfig, link: int) -> None:
        """Args: the run's settings, and the link's index."""
        self._config = config
        self._link = link

    @abstractmethod
    def gains_at(self, positions: SamplePositions, draws: int) -> Float32:
        """(L, B, 1) float32 gains of B samples in L = `draws` draws; draw l is the same for any L."""

    @property
    @abstractmethod
    def mean_power(self) -> float:
        """E[g²], as far as a device knows: it divides the noise behind the model, as the rate sees it (ADR 31)."""

    def draw(self, key: BlockKey, shape: BlockShape) -> Float32:
        """The gains of a block."""
        draws, samples, _ = shape
        return self.gains_at(sample_positions(self._config, key, samples), draws)

    def apply(self, symbols: Float32, realisation: Float32) -> Float32:
        """g·z̃."""
        return np.multiply(symbols, realisation)

    def adjoint(self, gradient: Float32, realisation: Float32) -> Float32:
        """g·∂CE/∂ẑ: the gain is real."""
        return np.multiply(gradient, realisation)

    def gains(self, realisation: Float32) -> Float32:
        """The realisation itself."""
        return realisation

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:  # noqa: ARG002 — the same for all blocks
        """`behind` / E[g²]."""
        return behind / self.mean_power
