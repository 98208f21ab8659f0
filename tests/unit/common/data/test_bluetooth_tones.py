"""Two-way tone exchanges; what both simulated data sets have in common is tested in `test_simulated`."""

import numpy as np

from splitwave.common.data import bluetooth_tones
from tests.unit.common.data.test_propagation import CLEAR, rng


def test_two_way_tones_turn_with_twice_the_delay_whatever_the_oscillators_do() -> None:
    parts, delay_ns = bluetooth_tones.measure(CLEAR, 50, rng())
    product = parts[:, :79] + 1j * parts[:, 79:]
    np.testing.assert_allclose(np.abs(product), 1.0, rtol=1e-5)
    step = np.angle(product[:, 1:] / product[:, :-1]).mean(axis=1)
    np.testing.assert_allclose(step, -2 * 2 * np.pi * 1e6 * delay_ns * 1e-9, rtol=1e-3)
