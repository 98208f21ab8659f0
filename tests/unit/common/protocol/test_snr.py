"""The relations between peak PSNR, average SNR, Es/N0 and Eb/N0, against textbook cases and against noise itself."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.config.channel_settings import noise_variance_at
from splitwave.common.protocol import snr

DECIBELS = st.floats(-50, 50)
POWERS = st.floats(1e-3, 2)


@given(DECIBELS)
def test_psnr_and_noise_variance_are_inverses(psnr_db: float) -> None:
    assert float(snr.psnr_db_of(noise_variance_at(psnr_db))) == pytest.approx(psnr_db, abs=1e-9)


def test_no_noise_is_an_infinite_psnr() -> None:
    assert snr.psnr_db_of([0.0, 1.0]).tolist() == [math.inf, 0.0]


@pytest.mark.parametrize("levels", [2, 4, 16, 256])
def test_equally_likely_equidistant_levels_have_the_power_of_pam(levels: int) -> None:
    """E[c²] = (M + 1) / (3(M − 1)) for M levels from −1 to 1."""
    power = snr.mean_power(np.linspace(-1, 1, levels).tolist())
    assert power == pytest.approx((levels + 1) / (3 * (levels - 1)))
    assert snr.average_snr_db(10.0, power) == pytest.approx(10 + 10 * math.log10(power))


def test_the_mean_power_weighs_each_level_by_its_probability() -> None:
    assert snr.mean_power([-1, 0, 1], [0.1, 0.8, 0.1]) == pytest.approx(0.2)
    assert snr.average_snr_db(10.0, 0.2) == pytest.approx(3.0103, abs=1e-4)


@given(DECIBELS, POWERS, st.floats(0.1, 16))
def test_each_relation_has_its_inverse(psnr_db: float, power: float, bits: float) -> None:
    assert snr.psnr_db_from_average(snr.average_snr_db(psnr_db, power), power) == pytest.approx(psnr_db, abs=1e-9)
    es_n0_db = snr.es_n0_db(psnr_db, power)
    assert snr.psnr_db_from_es_n0(es_n0_db, power) == pytest.approx(psnr_db, abs=1e-9)
    assert snr.es_n0_db_from_eb(snr.eb_n0_db(es_n0_db, bits), bits) == pytest.approx(es_n0_db, abs=1e-9)


def test_bpsk_and_qpsk_of_equal_peak_amplitude_have_textbook_ratios() -> None:
    """BPSK sends ±1 over one real dimension; QPSK (±1 ± j)/√2 over two, at the same peak amplitude and energy."""
    bpsk, qpsk = (snr.es_n0_db(10.0, 1.0) for _ in range(2))
    assert bpsk == qpsk == pytest.approx(10 - 3.0103, abs=1e-4)
    assert snr.eb_n0_db(bpsk, 1) == pytest.approx(bpsk)
    assert snr.eb_n0_db(qpsk, 2) == pytest.approx(qpsk - 3.0103, abs=1e-4)


def test_16_qam_of_unit_peak_amplitude_has_five_ninths_of_the_energy() -> None:
    points = np.array([complex(i, q) for i in (-3, -1, 1, 3) for q in (-3, -1, 1, 3)]) / (3 * math.sqrt(2))
    energy = float(np.mean(np.abs(points) ** 2))
    assert energy == pytest.approx(5 / 9)
    assert snr.es_n0_db(0.0, energy) == pytest.approx(10 * math.log10(5 / 18))


def test_bpsk_errs_as_often_as_the_ratio_says() -> None:
    """P = Q(√(2·Eb/N0)) with the noise of a PSNR: the count of n symbols deviates by √(nP); five are allowed."""
    psnr_db, n = 3.0, 200_000
    noise = noise_variance_at(psnr_db) ** 0.5 * np.random.default_rng(0).standard_normal(n)
    eb_n0 = 10 ** (snr.eb_n0_db(snr.es_n0_db(psnr_db, 1.0), 1) / 10)
    expected = 0.5 * math.erfc(math.sqrt(eb_n0))
    assert abs(np.count_nonzero(noise > 1) - n * expected) < 5 * math.sqrt(n * expected)


def test_code_with_complex_noise_has_half_of_it_in_the_real_part() -> None:
    """CN(0, σ²) at 7 dB leaves σ²/2 in a real symbol: the noise of our links at 10.01 dB."""
    n, rng = 200_000, np.random.default_rng(0)
    theirs = (noise_variance_at(7.0) / 2) ** 0.5 * rng.standard_normal(n)
    ours = noise_variance_at(snr.psnr_db_from_complex_noise(7.0))
    assert snr.psnr_db_from_complex_noise(7.0) == pytest.approx(10.0103, abs=1e-4)
    assert abs(np.mean(theirs**2) / ours - 1) < 5 * (2 / n) ** 0.5


@pytest.mark.parametrize("probabilities", [[1.0], [0.5, 0.6], [-0.5, 1.5]])
def test_probabilities_that_are_none_are_refused(probabilities: list[float]) -> None:
    with pytest.raises(ValueError, match=r"^probabilities = .*expected 2 numbers ≥ 0 that sum to 1$"):
        snr.mean_power([-1, 1], probabilities)


def test_powers_and_bits_must_be_positive() -> None:
    with pytest.raises(ValueError, match=r"^mean power = 0: expected a positive number"):
        snr.es_n0_db(10.0, 0)
    with pytest.raises(ValueError, match=r"^bits = -1: expected a positive number"):
        snr.eb_n0_db(10.0, -1)
