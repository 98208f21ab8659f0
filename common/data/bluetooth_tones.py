"""The data set `bluetooth-tones`: simulated two-way tone exchanges in the 2.4 GHz band [Hyper-VIB, regression].

Initiator and reflector each measure the channel at every tone. Both measurements are rotated by an unknown phase of the
oscillators, with opposite signs, so that their product is H(f)² without it.
"""

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.multipath import Propagation, Real, complex_normal, draw_paths, noise_scale, response
from splitwave.common.data.simulated import Simulation

TONES_HZ: Real = 2.402e9 + 1e6 * np.arange(79, dtype=np.float64)
"""The centre frequencies of the band's 79 channels of 1 MHz."""


def measure(
    propagation: Propagation, samples: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Simulate N = `samples` exchanges.

    Returns:
        (N, 2·79) float32, the real parts of the products and then the imaginary parts; and (N,) float32, the delays of
        the line of sight in nanoseconds.
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


BLUETOOTH_TONES = Simulation(
    "bluetooth-tones",
    measure,
    (2, 1, len(TONES_HZ)),
    (("first_tone_hz", float(TONES_HZ[0])), ("last_tone_hz", float(TONES_HZ[-1]))),
)
