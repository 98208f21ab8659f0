"""Equalisers: the factor w by which a receiver that knows gain and noise variance multiplies each received symbol."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Equaliser = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""From gain ĝ and noise variance v, arrays that broadcast, to the factor w."""

WEAKEST = 1e-4
"""g²/v of the weakest link that zero-forcing inverts, −40 dB; its noise is then 40 dB above P_max."""

SMALLEST_POWER = 1e-12
"""g² of the weakest link without noise that is inverted, −120 dB, so that all factors are finite."""


def no_equaliser(gain: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """W = 1: symbols stay as they come, whatever the state."""
    return np.ones(np.broadcast_shapes(gain.shape, variance.shape))


def zero_forcing(gain: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """W = 1/ĝ, bounded: ĝ / max(ĝ², 10⁻⁴·v, 10⁻¹²).

    Without a bound the noise behind a Rayleigh channel has an infinite variance. Where |ĝ| falls below 10⁻²·√v, w falls
    with it, to 0 for no gain at all.
    """
    return gain / np.maximum(gain**2, np.maximum(WEAKEST * variance, SMALLEST_POWER))


def mmse(gain: NDArray[np.float64], variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """W = ĝ / (ĝ² + v), the least mean squared error of a symbol of power 1 = P_max; the divisor is 10⁻¹² or more."""
    return gain / np.maximum(gain**2 + variance, SMALLEST_POWER)


EQUALISERS: dict[str, Equaliser] = {"none": no_equaliser, "zero-forcing": zero_forcing, "mmse": mmse}
