"""The amplitude of a complex gain h with E|h|² = 1, and the base of models that have one."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from splitwave.channel.draws.keyed_numbers import KeyedNumbers
from splitwave.channel.draws.sample_gain import SampleGain
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.randomness import Purpose


class FadingNumbers(IntEnum):
    """Tells apart the numbers of fading models. Part of the reproducibility contract: add, never renumber."""

    RAYLEIGH = 1
    RICIAN = 2
    CLARKE = 3


def line_of_sight(k_db: float | None) -> tuple[float, float]:
    """(s, σ) of h = s + σ·(x + jy) with E|h|² = 1, where x and y have variance 1.

    s² = K/(K + 1) and 2σ² = 1/(K + 1)  [Rice's K-factor: power of the line of sight over that of all other paths].

    Args:
        k_db: K in dB; None for K = 0, no line of sight.
    """
    k = 0.0 if k_db is None else float(10.0 ** (k_db / 10.0))
    return (k / (k + 1)) ** 0.5, (0.5 / (k + 1)) ** 0.5


def amplitudes(in_phase: NDArray[np.float64], quadrature: NDArray[np.float64]) -> Float32:
    """|h| = √(h_I² + h_Q²), as (L, B, 1) float32 of two (L, B) float64.

    Each of these operations is rounded correctly on every processor, so equal numbers give equal gains.
    """
    return np.sqrt(in_phase * in_phase + quadrature * quadrature)[..., None].astype(np.float32)


class FadingGain(SampleGain):
    """A `SampleGain` with E[g²] = 1 and numbers of its own."""

    def __init__(self, config: RunConfig, link: int, model: FadingNumbers) -> None:
        """Args: the run's settings, the link's index, and the model whose numbers these are."""
        super().__init__(config, link)
        self._numbers = KeyedNumbers(config.seed, Purpose.FADING, link, model)

    @property
    def mean_power(self) -> float:
        """1."""
        return 1.0
