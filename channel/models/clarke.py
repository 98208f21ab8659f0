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

Doubles = NDArray[np.float64]

PATHS = 32
"""N. |h| of N paths has E|h|⁴ = 2 − 1/N, where a Rayleigh amplitude has 2."""
STRIDE = 8
"""Samples that share one of two factors of each path's phasor: sines take most of the time."""


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
        """(L, B) complex128 h of each sample, with the carrier phase that a receiver recovers.

        exp(j·ω·n) is computed as exp(j·ω·m)·exp(j·ω·(n − m)), m being the last multiple of `STRIDE` up to n.
        """
        uniform = np.stack([self._numbers.generator(positions, draw).random((2, PATHS)) for draw in range(draws)])
        shifts = self._cycles * np.cos(np.pi * (np.arange(PATHS) + uniform[:, 0]) / PATHS)[:, None]
        within = slice(positions.first % STRIDE, positions.first % STRIDE + positions.samples)
        begins = float(positions.first - within.start) + STRIDE * np.arange(-(-within.stop // STRIDE))
        a_real, a_imag = _phasors(begins[:, None] * shifts + uniform[:, 1, None], axis=2)
        b_real, b_imag = _phasors(np.arange(STRIDE)[:, None] * shifts, axis=1)
        scattered = self._sigma * (2 / PATHS) ** 0.5
        h = np.empty((draws, len(begins) * STRIDE), dtype=np.complex128)
        h.real = self._los + scattered * _sum_of_paths(a_real * b_real - a_imag * b_imag).reshape(h.shape)
        h.imag = scattered * _sum_of_paths(a_real * b_imag + a_imag * b_real).reshape(h.shape)
        return h[:, within]


def _phasors(cycles: Doubles, axis: int) -> tuple[Doubles, Doubles]:
    """Real and imaginary part of exp(2πj·cycles), with one more axis at the place `axis`."""
    phases = 2 * np.pi * np.expand_dims(cycles - np.floor(cycles), axis)
    return np.cos(phases), np.sin(phases)


def _sum_of_paths(values: Doubles) -> Doubles:
    """Sum over the last axis, in an order that is the same for any block: a block must not change its samples."""
    while (half := values.shape[-1] // 2) > 0:
        values = values[..., :half] + values[..., half:]
    return values[..., 0]
