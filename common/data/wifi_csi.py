"""The data set `wifi-csi`: simulated channel state information of WiFi packets [Hyper-VIB, regression].

The model of antennas and subcarriers is SpotFi's:

CSI[m, n] = Σ_l γ_l e^{−j2πm·Δ·sin θ_l/λ} e^{−j2πn·f_δ·τ_l}, plus noise.
"""

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.multipath import Propagation, complex_normal, draw_paths, noise_scale
from splitwave.common.data.simulated import Simulation
from splitwave.common.tasks.regression import SPEED_OF_LIGHT_M_S

ANTENNAS = 3
SUBCARRIERS = 30
BANDWIDTH_HZ = 40e6
CARRIER_HZ = 5.2e9
SPACING_M = SPEED_OF_LIGHT_M_S / CARRIER_HZ / 2
"""Δ, the distance between neighbouring antennas: half a wavelength."""


def measure(
    propagation: Propagation, samples: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Simulate N = `samples` packets.

    Returns:
        (N, 2, 3, 30) float32, real and imaginary part of each antenna and subcarrier; and (N,) float32, the delays of
        the line of sight in nanoseconds.
    """
    paths = draw_paths(propagation, samples, rng)
    wavelength_m = SPEED_OF_LIGHT_M_S / CARRIER_HZ
    antennas = np.arange(ANTENNAS) * SPACING_M / wavelength_m
    subcarriers = np.arange(SUBCARRIERS) * BANDWIDTH_HZ / SUBCARRIERS
    by_antenna = np.exp(-2j * np.pi * np.sin(paths.angles_rad)[:, :, None] * antennas)
    by_subcarrier = np.exp(-2j * np.pi * paths.delays_s[:, :, None] * subcarriers)
    csi = np.einsum("nl,nlm,nls->nms", paths.gains, by_antenna, by_subcarrier)
    csi += noise_scale(propagation.snr_db) * complex_normal(rng, csi.shape)
    return np.stack([csi.real, csi.imag], axis=1).astype(np.float32), paths.line_of_sight_ns.astype(np.float32)


WIFI_CSI = Simulation(
    "wifi-csi",
    measure,
    (2, ANTENNAS, SUBCARRIERS),
    (("carrier_hz", CARRIER_HZ), ("bandwidth_hz", BANDWIDTH_HZ), ("spacing_m", SPACING_M)),
    seed=1,
)
