"""Simulated propagation: measurements agree with the equations and statistics of the models."""

import numpy as np
import pytest

from splitwave.common.data import bluetooth_tones, wifi_csi
from splitwave.common.data.multipath import Propagation, draw_paths, response
from splitwave.common.data.simulated import Measure
from splitwave.common.tasks.regression import SPEED_OF_LIGHT_M_S

CLEAR = Propagation(paths=1, distance_m=(1.0, 20.0), snr_db=200.0)
N = 4000


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=seed))


def test_the_first_path_is_the_line_of_sight_with_the_delay_of_its_distance() -> None:
    paths = draw_paths(Propagation(distance_m=(3.0, 6.0)), N, rng())
    assert (np.diff(paths.delays_s, axis=1) >= 0).all()
    metres = paths.line_of_sight_ns * 1e-9 * SPEED_OF_LIGHT_M_S
    assert metres.min() >= 3.0
    assert metres.max() <= 6.0
    assert abs(metres.mean() - 4.5) < 5 * 3.0 / np.sqrt(12 * N)


@pytest.mark.parametrize("rician_factor_db", [-3.0, 0.0, 10.0])
def test_the_rician_factor_divides_the_power_and_the_mean_power_is_one(rician_factor_db: float) -> None:
    paths = draw_paths(Propagation(rician_factor_db=rician_factor_db), N, rng())
    power = np.abs(paths.gains) ** 2
    factor = 10 ** (rician_factor_db / 10)
    np.testing.assert_allclose(power[:, 0], factor / (factor + 1))
    # The power of a Rayleigh path has σ equal to its mean, so σ of the sum of five paths is at most the sum.
    scattered = power[:, 1:].sum(axis=1)
    assert abs(scattered.mean() - 1 / (factor + 1)) < 5 / (factor + 1) / np.sqrt(N)


def test_excess_delays_have_the_configured_spread() -> None:
    spread_s = 40e-9
    paths = draw_paths(Propagation(delay_spread_s=spread_s), N, rng())
    excess_s = paths.delays_s[:, 1:] - paths.delays_s[:, :1]
    assert abs(excess_s.mean() / spread_s - 1) < 5 / np.sqrt(5 * N)


def test_the_response_is_the_sum_over_paths() -> None:
    paths = draw_paths(Propagation(paths=3), 2, rng())
    frequencies = np.array([1e6, 2.4e9])
    expected = [
        [
            sum(paths.gains[n, p] * np.exp(-2j * np.pi * f * paths.delays_s[n, p]) for p in range(3))
            for f in frequencies.tolist()
        ]
        for n in range(2)
    ]
    np.testing.assert_allclose(response(paths, frequencies), expected, rtol=1e-6)


@pytest.mark.parametrize("measure", [bluetooth_tones.measure, wifi_csi.measure], ids=["bluetooth", "wifi"])
@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_noise_has_the_configured_power(measure: Measure, snr_db: float) -> None:
    noisy, _ = measure(Propagation(paths=1, snr_db=snr_db), N // 4, rng())
    clear, _ = measure(Propagation(paths=1, snr_db=300.0), N // 4, rng())
    power = 2 * float(np.square(noisy - clear).mean())
    variance = 10 ** (-snr_db / 10)
    # CSI has one noise term. The product of two tones has both terms times a signal of power 1, and their product.
    expected = variance if measure is wifi_csi.measure else 2 * variance + variance**2
    assert abs(power / expected - 1) < 0.03


@pytest.mark.parametrize("measure", [bluetooth_tones.measure, wifi_csi.measure], ids=["bluetooth", "wifi"])
def test_equal_seeds_give_equal_measurements(measure: Measure) -> None:
    first, again, other = (measure(Propagation(), 3, rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0] != other[0]).all()
    assert {array.dtype.name for array in first} == {"float32"}
