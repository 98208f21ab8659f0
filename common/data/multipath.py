"""Indoor radio propagation: paths with a gain, a delay and an angle; the first path is the line of sight.

Hyper-VIB's regression data are simulated with this model. The paper names its two measurements but no parameters; the
parameters here are our choice. The target of a sample is the delay of its first path.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splitwave.common.tasks.regression import SPEED_OF_LIGHT_M_S

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Propagation:
    """The parameters of a room; the defaults are those of an office.

    Attributes:
        paths: L, including the line of sight.
        distance_m: [low, high] of the uniformly distributed distance along the line of sight.
        delay_spread_s: mean of the exponentially distributed excess delay of the other paths; their power falls by a
            factor of e over the same time.
        rician_factor_db: power of the line of sight over that of all other paths.
        snr_db: mean received power over the power of the receiver's noise.
    """

    paths: int = 6
    distance_m: tuple[float, float] = (1.0, 30.0)
    delay_spread_s: float = 30e-9
    rician_factor_db: float = 3.0
    snr_db: float = 20.0


@dataclass(frozen=True, slots=True)
class Paths:
    """The paths of N signals, of mean power 1.

    Attributes:
        gains: (N, L) complex; the line of sight has a random phase, the other paths are Rayleigh-distributed.
        delays_s: (N, L), increasing, the line of sight first.
        angles_rad: (N, L) angles of arrival, uniform in (−π/2, π/2).
    """

    gains: Complex
    delays_s: Real
    angles_rad: Real

    @property
    def line_of_sight_ns(self) -> Real:
        """(N,) delays of the first path, nanoseconds."""
        return 1e9 * self.delays_s[:, 0]


def draw_paths(propagation: Propagation, samples: int, rng: np.random.Generator) -> Paths:
    """Draw the paths of N = `samples` signals, each in a room of its own."""
    later = propagation.paths - 1
    sight_s = rng.uniform(*propagation.distance_m, samples) / SPEED_OF_LIGHT_M_S
    excess_s = np.sort(rng.exponential(propagation.delay_spread_s, (samples, later)), axis=1)
    factor = 10 ** (propagation.rician_factor_db / 10)
    profile = np.exp(-excess_s / propagation.delay_spread_s)
    power = profile / profile.sum(axis=1, keepdims=True) / (factor + 1)
    scattered = np.sqrt(power) * complex_normal(rng, (samples, later))
    share = factor / (factor + 1) if later else 1.0
    sight = np.sqrt(share) * np.exp(2j * np.pi * rng.random(samples))
    return Paths(
        gains=np.concatenate([sight[:, None], scattered], axis=1),
        delays_s=np.concatenate([sight_s[:, None], sight_s[:, None] + excess_s], axis=1),
        angles_rad=np.pi * (rng.random((samples, propagation.paths)) - 0.5),
    )


def response(paths: Paths, frequencies_hz: Real) -> Complex:
    """H(f) = Σ_l α_l e^{−j2πfτ_l}, (N, F)."""
    turns = paths.delays_s[:, :, None] * frequencies_hz
    summed: Complex = np.einsum("nl,nlf->nf", paths.gains, np.exp(-2j * np.pi * turns))
    return summed


def complex_normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Complex:
    """Circularly symmetric complex normal values of variance 1."""
    normal: Complex = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    return normal / math.sqrt(2)


def noise_scale(snr_db: float) -> float:
    """The standard deviation of the noise at unit signal power."""
    return float(10 ** (-snr_db / 20))
