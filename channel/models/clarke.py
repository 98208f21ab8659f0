"""Time-correlated fading by a Doppler spread, as a sum of sinusoids  [Clarke's model; its spectrum is Jakes'].

Legend: N paths, B samples, L draws; T is the time between two samples, `airtime_s`.
"""

import numpy as np
from numpy.typing import NDArray

from splitwave.channel.draws.fading_gain import FadingGain, FadingNumbers, amplitudes, line_of_sight
from splitwave.channel.draws.options import number
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.sample_positions import SamplePositions

PATHS = 32
"""N. |h| of N paths has E|h|⁴ = 2 − 1/N, where a Rayleigh amplitude has 2."""


class ClarkeChannel(FadingGain):
    """ẑ = |h(nT)|·z̃ with h(t) = s + √(2σ²/N)·Σ_i exp(j·(2π·f_D·t·cos θ_i + φ_i)), and E|h|² = 1.

    Path i arrives at the angle θ_i, uniform in the i-th of N equal parts of [0, π], with a uniform phase φ_i. Clarke's
    circle has two angles of each Doppler shift f_D·cos θ. Half of it has the same spectrum without pairs of paths that
    keep their phase to each other, so the power of each realisation averages to 1 over time.
    Over the ensemble, E[h(t+τ)·h*(t)] = (K + J₀(2π·f_D·τ))/(K + 1) exactly, for any N. The line of sight arrives at
    right angles to the motion, so its phase stays. θ and φ are drawn once for each training and each pass, from which
    h of any sample follows without those before it.
    """

    def __init__(self, config: RunConfig, link: int, *, doppler_hz: float = 1.0, k_db: float | None = None) -> None:
        """Args: settings, link, `doppler_hz`: f_D, the largest Doppler shift, and `k_db`: K in dB, None for K = 0.

        Raises:
            ValueError: an option is out of range.
        """
        super().__init__(config, link, FadingNumbers.CLARKE)
        k = None if k_db is None else number("k_db", k_db, -100, 100)
        self._cycles = number("doppler_hz", doppler_hz, 0, 1e9) * config.airtime_s
        self._los, self._sigma = line_of_sight(k)

    def gains_at(self, positions: SamplePositions, draws: int) -> Float32:
        """|h| of each sample."""
        h = self.complex_gains(positions, draws)
        return amplitudes(h.real, h.imag)

    def complex_gains(self, positions: SamplePositions, draws: int) -> NDArray[np.complex128]:
        """(L, B) complex128 h of each sample, with the carrier phase that a receiver recovers."""
        uniform = np.stack([self._numbers.generator(positions, draw).random((2, PATHS)) for draw in range(draws)])
        angles = np.pi * (np.arange(PATHS) + uniform[:, 0]) / PATHS
        at = float(positions.first) + np.arange(positions.samples)
        cycles = at[:, None] * (self._cycles * np.cos(angles))[:, None, :] + uniform[:, 1, None, :]
        phases = 2 * np.pi * (cycles - np.floor(cycles))
        scattered = self._sigma * (2 / PATHS) ** 0.5
        h: NDArray[np.complex128] = np.empty(phases.shape[:2], dtype=np.complex128)
        h.real = self._los + scattered * _sum_of_paths(np.cos(phases))
        h.imag = scattered * _sum_of_paths(np.sin(phases))
        return h


def _sum_of_paths(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over the last axis, in an order that is the same for any block: a block must not change its samples."""
    while (half := values.shape[-1] // 2) > 0:
        values = values[..., :half] + values[..., half:]
    return values[..., 0]
