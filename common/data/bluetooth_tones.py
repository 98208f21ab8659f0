"""Bluetooth's two-way tone exchange, simulated: phase-based ranging in the 2.4 GHz band [Hyper-VIB, regression].

Initiator and reflector each measure the channel at every tone, turned by an oscillator phase that neither knows and
that the other sees with the opposite sign. The product of both measurements is H(f)², free of it.
"""

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.multipath import Propagation, Real, complex_normal, draw_paths, noise_scale, response

TONES_HZ: Real = 2.402e9 + 1e6 * np.arange(79, dtype=np.float64)
"""One in each megahertz of the band's 79 channels."""


def measure(
    propagation: Propagation, samples: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """N = `samples` exchanges.

    Returns:
        (N, 2·79) float32, real parts of the products and then imaginary ones; and (N,) float32, the delay of the line
        of sight in nanoseconds.
    """
    paths = draw_paths(propagation, samples, rng)
    channel = response(paths, TONES_HZ)
    oscillators = np.exp(2j * np.pi * rng.random((samples, 1)))
    scale = noise_scale(propagation.snr_db)
    there, back = (scale * complex_normal(rng, channel.shape) for _ in range(2))
    product = (channel * oscillators + there) * (channel * oscillators.conj() + back)
    return _parts(product.real, product.imag), paths.line_of_sight_ns.astype(np.float32)


def _parts(*parts: Real) -> NDArray[np.float32]:
    return np.concatenate(parts, axis=1).astype(np.float32)
