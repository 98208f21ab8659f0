"""Closed-form symbol error rates of nearest-point decisions, over AWGN and over coherent Rayleigh fading.

With p the error rate of one real dimension of M points, spaced 2δ, in noise of σ² a real dimension [Proakis and Salehi,
Digital Communications, 5th edition, ch. 4 and 13; Simon and Alouini, Digital Communication over Fading Channels, ch. 5
and 8]: p = 2(1 − 1/M)·Q(δ/σ), and 1 − (1 − p)² for I and Q. Over Rayleigh fading, E|h|² = 1, with |h| known, the means
of Q(a|h|) and Q²(a|h|) are (1 − β)/2 and 1/4 − (β/π)·arctan(1/β), where β² = a²/(a² + 2).

All take the peak PSNR of QML-IB eq. (20) in dB, 10·log₁₀(1/σ²), and points of unit peak amplitude.
"""

import math

from splitwave.channel.digital.constellation import CONSTELLATIONS
from splitwave.common.config.channel_settings import noise_variance_at


def pam_error_rate(points: int, psnr_db: float, *, rayleigh: bool = False) -> float:
    """The error rate of M equally spaced amplitudes in [−1, 1], such as uniform levels that are decided.

    Args:
        points: M ≥ 2.
        psnr_db: peak PSNR in dB.
        rayleigh: whether the gain is Rayleigh-distributed and known to the receiver; else it is 1.

    Raises:
        ValueError: `points` is below 2.
    """
    if points < 2:
        raise ValueError(f"points = {points}: expected at least 2")
    mean, _ = _tails(1.0 / (points - 1), psnr_db, rayleigh)
    return 2.0 * (1.0 - 1.0 / points) * mean


def symbol_error_rate(modulation: str, psnr_db: float, *, rayleigh: bool = False) -> float:
    """The symbol error rate of a modulation of `channel.digital`, arguments as for `pam_error_rate`.

    Raises:
        ValueError: there is no such modulation.
    """
    constellation = CONSTELLATIONS.get(modulation)
    if constellation is None:
        raise ValueError(f"modulation = {modulation!r}: expected one of {', '.join(CONSTELLATIONS)}")
    mean, mean_square = _tails(constellation.half_distance, psnr_db, rayleigh)
    factor = 2.0 * (1.0 - 1.0 / constellation.points_per_real)
    if constellation.reals == 1:
        return factor * mean
    return 2.0 * factor * mean - factor**2 * mean_square


def _tails(half_distance: float, psnr_db: float, rayleigh: bool) -> tuple[float, float]:
    """Means of Q(a|h|) and its square, a = δ/σ; |h| is 1 without fading."""
    ratio = half_distance / noise_variance_at(psnr_db) ** 0.5
    if not rayleigh:
        tail = 0.5 * math.erfc(ratio / 2**0.5)
        return tail, tail**2
    beta = ratio / (ratio**2 + 2.0) ** 0.5
    return 0.5 * (1.0 - beta), 0.25 - beta / math.pi * math.atan(1.0 / beta)
