"""Modulations: their points, their distances, and those of Sionna for the same bits."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from splitwave.channel.digital.constellation import CONSTELLATIONS, Constellation
from splitwave.common.config.channel_settings import DigitalSettings

NAMES = sorted(CONSTELLATIONS)


def all_bits(constellation: Constellation) -> NDArray[np.uint8]:
    return np.array(list(product([0, 1], repeat=constellation.bits)), dtype=np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_the_strongest_point_has_amplitude_one_and_the_mean_energy_is_as_stated(name: str) -> None:
    constellation = CONSTELLATIONS[name]
    energies = np.square(constellation.modulate(all_bits(constellation)).astype(float)).sum(axis=1)
    assert energies.max() == pytest.approx(1.0, rel=1e-6)
    assert energies.mean() == pytest.approx(constellation.mean_energy, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_channels_see_the_symbols_of_two_reals_as_pairs(name: str) -> None:
    settings = DigitalSettings.model_validate({"modulation": name})
    assert settings.carries_pairs == (CONSTELLATIONS[name].reals == 2)


def test_the_mean_energies_are_those_of_the_text_books() -> None:
    assert [CONSTELLATIONS[name].mean_energy for name in ("bpsk", "qpsk", "16-qam")] == pytest.approx([1, 1, 5 / 9])


@pytest.mark.parametrize("name", NAMES)
def test_neighbours_are_two_half_distances_apart_and_differ_in_one_bit(name: str) -> None:
    constellation = CONSTELLATIONS[name]
    bits = all_bits(constellation)
    points = constellation.modulate(bits).astype(float)
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert distances.min() == pytest.approx(2 * constellation.half_distance, rel=1e-6)
    for one, other in zip(*np.nonzero(distances < 2.01 * constellation.half_distance), strict=True):
        assert np.count_nonzero(bits[one] != bits[other]) == 1


@given(st.sampled_from(NAMES), st.integers(1, 5), st.integers(0, 2**32))
def test_decisions_undo_the_modulation_within_half_a_distance(name: str, symbols: int, seed: int) -> None:
    constellation, rng = CONSTELLATIONS[name], np.random.default_rng(seed)
    bits = rng.integers(0, 2, (2, 3, symbols * constellation.bits), dtype=np.uint8)
    sent = constellation.modulate(bits)
    assert sent.shape == (2, 3, symbols * constellation.reals)
    assert sent.dtype == np.float32
    moved = sent + rng.uniform(-0.99, 0.99, sent.shape).astype(np.float32) * np.float32(constellation.half_distance)
    np.testing.assert_array_equal(constellation.decide(moved), bits)


@pytest.mark.parametrize(("name", "kind", "bits"), [("bpsk", "pam", 1), ("qpsk", "qam", 2), ("16-qam", "qam", 4)])
def test_the_points_are_those_of_sionna_but_for_their_scale(name: str, kind: str, bits: int) -> None:
    """Sionna has the mapping of 3GPP TS 38.211 and the mean energy 1."""
    mapping = pytest.importorskip("sionna.phy.mapping", reason="the extra `radio-test` is not installed")
    constellation = CONSTELLATIONS[name]
    theirs = np.asarray(mapping.Constellation(kind, bits).points)
    ours = constellation.modulate(all_bits(constellation)) / constellation.mean_energy**0.5
    as_complex = ours[:, 0] + 1j * (ours[:, 1] if constellation.reals == 2 else 0)
    np.testing.assert_allclose(as_complex, theirs, atol=1e-6)
