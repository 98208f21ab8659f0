"""Closed forms against simulation with the constellations here, and with those of Sionna.

A share of errors p̂ in n independent symbols has the standard deviation √(p(1 − p)/n); tolerances are five of these.
"""

import numpy as np
import pytest

from splitwave.channel.digital.constellation import CONSTELLATIONS
from splitwave.channel.digital.error_rates import pam_error_rate, symbol_error_rate
from splitwave.common.config.channel_settings import noise_variance_at
from splitwave.common.protocol.arrays import Float32

SYMBOLS = 200_000


def within_statistics(measured: float, expected: float, symbols: int = SYMBOLS) -> bool:
    return abs(measured - expected) <= 5 * float(np.sqrt(expected * (1 - expected) / symbols))


def gains(rng: np.random.Generator, rayleigh: bool) -> Float32:
    pair = rng.standard_normal((SYMBOLS, 2)) * 0.5**0.5
    return (np.linalg.norm(pair, axis=1) if rayleigh else np.ones(SYMBOLS)).astype(np.float32)[:, None]


@pytest.mark.parametrize("psnr_db", [0.0, 8.0, 14.0])
@pytest.mark.parametrize("rayleigh", [False, True])
@pytest.mark.parametrize("name", sorted(CONSTELLATIONS))
def test_decisions_fail_as_often_as_the_closed_form_says(name: str, rayleigh: bool, psnr_db: float) -> None:
    constellation, rng = CONSTELLATIONS[name], np.random.default_rng(1)
    bits = rng.integers(0, 2, (SYMBOLS, constellation.bits), dtype=np.uint8)
    gain = gains(rng, rayleigh)
    sent = constellation.modulate(bits)
    noise = rng.standard_normal(sent.shape).astype(np.float32) * np.float32(noise_variance_at(psnr_db) ** 0.5)
    decided = constellation.decide(((gain * sent + noise) / gain).astype(np.float32))
    measured = float((decided != bits).any(axis=1).mean())
    assert within_statistics(measured, symbol_error_rate(name, psnr_db, rayleigh=rayleigh))


@pytest.mark.parametrize("psnr_db", [5.0, 20.0])
@pytest.mark.parametrize("rayleigh", [False, True])
@pytest.mark.parametrize("points", [2, 5, 16])
def test_amplitudes_that_are_decided_fail_as_often_as_the_closed_form_says(
    points: int, rayleigh: bool, psnr_db: float
) -> None:
    rng = np.random.default_rng(2)
    sent = rng.integers(0, points, (SYMBOLS, 1))
    step, gain = 2 / (points - 1), gains(rng, rayleigh)
    noise = rng.standard_normal(sent.shape) * noise_variance_at(psnr_db) ** 0.5
    received = (gain * (sent * step - 1) + noise) / gain
    decided = np.clip(np.rint((received + 1) / step), 0, points - 1)
    measured = float((decided != sent).mean())
    assert within_statistics(measured, pam_error_rate(points, psnr_db, rayleigh=rayleigh))


def test_known_values() -> None:
    """BPSK at Eb/N0 = 9.6 dB has a bit error rate of 1e-5; Eb/N0 = 1/(2σ²) is 3.01 dB below the PSNR."""
    assert symbol_error_rate("bpsk", 9.588 + 3.0103) == pytest.approx(1e-5, rel=0.01)
    assert symbol_error_rate("bpsk", 24.0 + 3.0103, rayleigh=True) == pytest.approx(
        0.5 * (1 - (10**2.4 / (1 + 10**2.4)) ** 0.5)
    )


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="points = 1: expected at least 2"):
        pam_error_rate(1, 10.0)
    with pytest.raises(ValueError, match="modulation = '8-psk': expected one of bpsk, qpsk, 16-qam"):
        symbol_error_rate("8-psk", 10.0)


@pytest.mark.parametrize("rayleigh", [False, True])
@pytest.mark.parametrize(("name", "kind", "bits"), [("bpsk", "pam", 1), ("qpsk", "qam", 2), ("16-qam", "qam", 4)])
def test_a_link_of_sionna_fails_as_often(name: str, kind: str, bits: int, rayleigh: bool) -> None:
    """Complex noise N0 = 2σ², symbols of mean energy 1: N0 = 2σ²/E|s|²."""
    phy = pytest.importorskip("sionna.phy", reason="the extra `radio-test` is not installed")
    torch = pytest.importorskip("torch")
    from sionna.phy.channel import AWGN, GenerateFlatFadingChannel  # noqa: PLC0415
    from sionna.phy.mapping import Constellation, Demapper, Mapper  # noqa: PLC0415

    phy.config.seed = 3
    psnr_db = 10.0
    no = torch.tensor(2 * noise_variance_at(psnr_db) / CONSTELLATIONS[name].mean_energy)
    points = Constellation(kind, bits)
    sent = torch.from_numpy(np.random.default_rng(4).integers(0, 2, (SYMBOLS, bits)).astype(np.float32))
    symbols = Mapper(constellation=points)(sent)[:, 0]
    gain = GenerateFlatFadingChannel(1, 1)(SYMBOLS)[:, 0, 0] if rayleigh else torch.ones(SYMBOLS, dtype=symbols.dtype)
    equalised = AWGN()(symbols * gain, no) / gain
    decided = Demapper("maxlog", constellation=points, hard_out=True)(equalised[:, None], torch.ones(()))
    measured = float((decided != sent).any(dim=1).double().mean())
    assert within_statistics(measured, symbol_error_rate(name, psnr_db, rayleigh=rayleigh))
