"""Simulated data sets: all parties generate the same samples, and the digest covers all parameters."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from splitwave.common.data.bluetooth_tones import BLUETOOTH_TONES
from splitwave.common.data.dataset import Split
from splitwave.common.data.simulated import CHUNK, Simulation
from splitwave.common.data.wifi_csi import WIFI_CSI
from splitwave.common.randomness import Purpose, generator
from splitwave.common.tasks.regression import SPEED_OF_LIGHT_M_S

SETS = [BLUETOOTH_TONES, WIFI_CSI]
NAMES = ["bluetooth", "wifi"]


def small(simulation: Simulation) -> Simulation:
    """A copy whose training split has one chunk and three samples."""
    return replace(simulation, train_samples=CHUNK + 3, test_samples=5)


@pytest.mark.parametrize("simulation", SETS, ids=NAMES)
def test_samples_have_the_promised_shape_and_about_unit_power(simulation: Simulation) -> None:
    samples = small(simulation).load_images("train", None)
    assert samples.shape == (CHUNK + 3, *simulation.IMAGE_SHAPE)
    assert samples.dtype == np.float32
    assert 0.4 < float(np.square(samples).mean()) < 1.0  # each number is the real or the imaginary part


@pytest.mark.parametrize("simulation", SETS, ids=NAMES)
def test_each_chunk_has_a_generator_of_its_own(simulation: Simulation) -> None:
    samples, delays_ns = small(simulation).load_images("train", None), small(simulation).load_labels("train", None)
    rng = generator(simulation.seed, Purpose.SIMULATED_DATA, phase=0, step=1)
    measured, expected_ns = simulation.measure(simulation.propagation, 3, rng)
    np.testing.assert_array_equal(samples[CHUNK:], measured.reshape(3, *simulation.IMAGE_SHAPE))
    np.testing.assert_array_equal(delays_ns[CHUNK:], expected_ns)


def shared(some: NDArray[np.float32], others: NDArray[np.float32]) -> int:
    """The number of values that both arrays contain; one may occur by chance, because float32 has few values there."""
    return int(np.isin(some, others).sum())


@pytest.mark.parametrize("simulation", SETS, ids=NAMES)
def test_splits_and_chunks_have_different_samples(simulation: Simulation) -> None:
    delays_ns = small(simulation).load_labels("train", None)
    assert shared(small(simulation).load_labels("test", None), delays_ns) <= 1
    assert shared(delays_ns[CHUNK:], delays_ns[:CHUNK]) <= 1


def test_the_two_data_sets_have_different_delays() -> None:
    bluetooth, wifi = (small(each).load_labels("test", None) for each in SETS)
    assert shared(wifi, bluetooth) <= 1


@pytest.mark.parametrize("simulation", SETS, ids=NAMES)
def test_delays_are_standardised_by_the_distribution_of_the_distance(simulation: Simulation) -> None:
    task, delays_ns = simulation.TASK, simulation.load_labels("test", None).astype(np.float64)
    standardised = (delays_ns - task.offset_ns) / task.scale_ns
    n = len(delays_ns)
    assert n == 10_000
    assert abs(standardised.mean()) < 5 / np.sqrt(n)
    # The square of a uniform variable with variance 1 has the variance 9/5 − 1.
    assert abs(np.square(standardised).mean() - 1) < 5 * np.sqrt(0.8 / n)
    assert task.offset_ns == pytest.approx(15.5 / SPEED_OF_LIGHT_M_S * 1e9, rel=1e-12)
    assert task.scale_ns == pytest.approx(29 / np.sqrt(12) / SPEED_OF_LIGHT_M_S * 1e9, rel=1e-12)


def test_delays_are_writable_and_cached_measurements_are_read_only() -> None:
    assert small(WIFI_CSI).load_labels("test", None).flags.writeable
    samples = small(WIFI_CSI).load_images("test", None)
    assert not samples.flags.writeable
    assert small(WIFI_CSI).load_images("test", Path("/nowhere")) is samples


ROOM = WIFI_CSI.propagation
CHANGED = [
    replace(WIFI_CSI, seed=9),
    replace(WIFI_CSI, train_samples=7),
    replace(WIFI_CSI, name="other"),
    replace(WIFI_CSI, constants=(("carrier_hz", 6e9),)),
    *(
        replace(WIFI_CSI, propagation=room)
        for room in (
            replace(ROOM, paths=5),
            replace(ROOM, distance_m=(1.0, 31.0)),
            replace(ROOM, delay_spread_s=31e-9),
            replace(ROOM, rician_factor_db=4.0),
            replace(ROOM, snr_db=21.0),
        )
    ),
]


def test_every_parameter_of_a_split_changes_its_digest() -> None:
    digests = {each.content_digest("train", None) for each in (WIFI_CSI, *CHANGED)}
    assert len(digests) == 1 + len(CHANGED)


def test_digests_are_pinned() -> None:
    """After a change of generators or parameters, increase the version and pin the new digests."""
    digests = {(each.name, split): each.content_digest(split, None) for each in SETS for split in get_args(Split)}
    assert len(set(digests.values())) == 4
    assert {key: digest[:8] for key, digest in digests.items()} == {
        ("bluetooth-tones", "train"): "80c81432",
        ("bluetooth-tones", "test"): "b304ed3c",
        ("wifi-csi", "train"): "15d197e4",
        ("wifi-csi", "test"): "2d2d7373",
    }


def test_the_first_samples_are_pinned() -> None:
    """Digests cover only the parameters; this test covers the samples, up to the rounding of other machines."""
    samples, delays_ns = small(WIFI_CSI).load_images("test", None), small(WIFI_CSI).load_labels("test", None)
    np.testing.assert_allclose(samples[0, :, 0, 0], [0.40340692, 0.04070363], rtol=1e-4)
    np.testing.assert_allclose(delays_ns[:2], [20.442587, 46.36392], rtol=1e-6)
