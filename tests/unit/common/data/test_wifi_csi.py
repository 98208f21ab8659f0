"""Channel state information. `test_simulated` tests the common properties of both simulated data sets."""

import numpy as np

from splitwave.common.data import wifi_csi
from splitwave.common.data.multipath import draw_paths
from tests.unit.common.data.test_propagation import CLEAR, rng


def test_the_phase_of_csi_follows_the_delay_along_subcarriers_and_the_angle_along_antennas() -> None:
    csi, delay_ns = wifi_csi.measure(CLEAR, 50, rng())
    values = csi[:, 0] + 1j * csi[:, 1]
    assert values.shape == (50, 3, 30)
    along = np.angle(values[:, :, 1:] / values[:, :, :-1]).mean(axis=(1, 2))
    np.testing.assert_allclose(along, -2 * np.pi * 40e6 / 30 * delay_ns * 1e-9, rtol=1e-3)
    turns = values[:, 1:] / values[:, :-1]
    angles = draw_paths(CLEAR, 50, rng()).angles_rad[:, 0]  # the same random numbers as in the measurement
    expected = np.broadcast_to(np.exp(-1j * np.pi * np.sin(angles))[:, None, None], turns.shape)
    np.testing.assert_allclose(turns, expected, atol=1e-4)
