"""A fixed gain: ẑ = g·z̃."""

import numpy as np

from splitwave.channel.draws.options import number
from splitwave.channel.draws.sample_gain import SampleGain
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.sample_positions import SamplePositions

LARGEST_DB = 150.0


class GainChannel(SampleGain):
    """A gain that never changes: an amplifier or an attenuator, in decibels of power."""

    def __init__(self, config: RunConfig, link: int, *, gain_db: float = 0.0) -> None:
        """Args: settings, link, and `gain_db`: 20·log₁₀ g, from −150 to 150.

        Raises:
            ValueError: the option is out of range.
        """
        super().__init__(config, link)
        self._gain = 10 ** (number("gain_db", gain_db, -LARGEST_DB, LARGEST_DB) / 20)

    def gains_at(self, positions: SamplePositions, draws: int) -> Float32:
        """G for every sample."""
        return np.full((draws, positions.samples, 1), self._gain, dtype=np.float32)

    @property
    def mean_power(self) -> float:
        """g²."""
        return self._gain**2
