"""Two-way tone exchanges. `test_simulated` tests the common properties of both simulated data sets."""

import numpy as np

from splitwave.common.data import bluetooth_tones
from tests.unit.common.data.test_propagation import CLEAR, rng


def test_the_phase_of_two_way_tones_is_that_of_twice_the_delay_for_any_oscillator_phase() -> None:
    parts, delay_ns = bluetooth_tones.measure(CLEAR, 50, rng())
    product = parts[:, :79] + 1j * parts[:, 79:]
    np.testing.assert_allclose(np.abs(product), 1.0, rtol=1e-5)
    step = np.angle(product[:, 1:] / product[:, :-1]).mean(axis=1)
    np.testing.assert_allclose(step, -2 * 2 * np.pi * 1e6 * delay_ns * 1e-9, rtol=1e-3)
