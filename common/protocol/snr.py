"""The one contract of signal-to-noise ratios: what `psnr_db` means, and its relation to what other code calls SNR.

A symbol is real and bounded, |z̃| ≤ √P_max, P_max = 1, and σ² is the noise variance of a real dimension. A complex
symbol is two reals with noise of σ² each, so that its noise has N0 = 2σ². Every `psnr_db` of a setting, a column or an
axis is the peak PSNR, P_max/σ² in decibels [QML-IB, eq. (20)], at a channel gain of 1; docs/explanation/snr.md has
examples.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

TWO_DIMENSIONS_DB = float(10 * np.log10(2.0))
"""N0 = 2σ²: 3.01 dB between noise per real and per complex dimension."""


def psnr_db_of(variance: ArrayLike) -> NDArray[np.float64]:
    """Peak PSNR of noise variances σ² per real dimension, −10·log₁₀ σ²  [QML-IB, eq. (20)]; ∞ for no noise."""
    with np.errstate(divide="ignore"):
        decibels: NDArray[np.float64] = -10 * np.log10(np.asarray(variance, dtype=np.float64))
    return decibels


def mean_power(levels: Sequence[float], probabilities: Sequence[float] | None = None) -> float:
    """E[c²] of a codebook, Σ p_t·c_t².

    Args:
        levels: c_0 … c_T.
        probabilities: p_t of each level, summing to 1; by default all are equally likely.

    Raises:
        ValueError: there are not as many probabilities as levels, one is negative, or they do not sum to 1.
    """
    c = np.asarray(levels, dtype=np.float64)
    p = np.full(len(c), 1 / len(c)) if probabilities is None else np.asarray(probabilities, dtype=np.float64)
    if p.shape != c.shape or (p < 0).any() or abs(p.sum() - 1) > 1e-6:
        raise ValueError(f"probabilities = {p.tolist()}: expected {len(c)} numbers ≥ 0 that sum to 1")
    return float(p @ c**2)


def average_snr_db(psnr_db: float, power: float) -> float:
    """E[c²]/σ² in decibels, the average SNR of symbols of this mean power per real dimension.

    Raises:
        ValueError: the power is not positive.
    """
    return psnr_db + _power_db(power)


def psnr_db_from_average(snr_db: float, power: float) -> float:
    """The inverse of `average_snr_db`, with its errors."""
    return snr_db - _power_db(power)


def es_n0_db(psnr_db: float, energy: float) -> float:
    """Es/N0 in decibels, with N0 = 2σ² [Proakis & Salehi, Digital Communications, §2.9 and §4.2].

    Args:
        psnr_db: peak PSNR.
        energy: Es = E|s|² of a channel use: E[c²] for a real symbol c, E[I² + Q²] for a complex one I + jQ.

    Raises:
        ValueError: the energy is not positive.
    """
    return psnr_db + _power_db(energy) - TWO_DIMENSIONS_DB


def psnr_db_from_es_n0(ratio_db: float, energy: float) -> float:
    """The inverse of `es_n0_db`, with its errors."""
    return ratio_db - _power_db(energy) + TWO_DIMENSIONS_DB


def eb_n0_db(ratio_db: float, bits: float) -> float:
    """Eb/N0 in decibels from Es/N0, for so many information bits a channel use: Es = bits·Eb.

    Args:
        ratio_db: Es/N0.
        bits: log₂ M for M equally likely symbols without a code, times the rate of a code; the entropy of the levels
            where they are not equally likely.

    Raises:
        ValueError: `bits` is not positive.
    """
    return ratio_db - _bits_db(bits)


def es_n0_db_from_eb(ratio_db: float, bits: float) -> float:
    """The inverse of `eb_n0_db`, with its errors."""
    return ratio_db + _bits_db(bits)


def psnr_db_from_complex_noise(snr_db: float) -> float:
    """The peak PSNR at which our links have the noise of code whose σ² is that of complex noise.

    Such code adds CN(0, σ²), σ² = 10^(−snr/10), and each real dimension, or the real part that it keeps of a real
    symbol, meets σ²/2: its curve lies 3.01 dB to the left of ours at equal noise.
    """
    return snr_db + TWO_DIMENSIONS_DB


def _power_db(power: float) -> float:
    if not power > 0:
        raise ValueError(f"mean power = {power}: expected a positive number, 1 = P_max")
    return float(10 * np.log10(power))


def _bits_db(bits: float) -> float:
    if not bits > 0:
        raise ValueError(f"bits = {bits}: expected a positive number of information bits a channel use")
    return float(10 * np.log10(bits))
