"""Log-normal shadowing: ẑ = g·z̃ with 20·log₁₀ g ~ N(0, σ_dB²)."""

import math

import numpy as np

from splitwave.channel.draws.keyed_numbers import KeyedNumbers
from splitwave.channel.draws.options import number, whole_number
from splitwave.channel.draws.sample_gain import SampleGain
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.sample_positions import SamplePositions
from splitwave.common.randomness import Purpose

_DB = math.log(10) / 20
"""ln g of 1 dB."""


class ShadowingChannel(SampleGain):
    """The gain in decibels is normal with mean 0: the median of g is 1, and E[g²] = exp(½·(σ_dB·ln 10/10)²) > 1."""

    def __init__(self, config: RunConfig, link: int, *, sigma_db: float = 6.0, coherence: int = 1) -> None:
        """Args: settings, link, `sigma_db`: σ_dB, and `coherence`: consecutive samples with the same g.

        Raises:
            ValueError: an option is out of range.
        """
        super().__init__(config, link)
        self._numbers = KeyedNumbers(config.seed, Purpose.SHADOWING, link)
        self._sigma = number("sigma_db", sigma_db, 0, 40) * _DB
        self._coherence = whole_number("coherence", coherence, 1)

    @property
    def mean_power(self) -> float:
        """E[g²], e.g. 2.6, or 4.1 dB, for 6 dB."""
        return math.exp(2 * self._sigma**2)

    def gains_at(self, positions: SamplePositions, draws: int) -> Float32:
        """g, independent from group to group, link to link and draw to draw."""
        normals = self._numbers.normals(positions, self._coherence, draws, 1)
        return np.exp(self._sigma * normals).astype(np.float32)
