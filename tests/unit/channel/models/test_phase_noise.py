"""Phase noise against the moments of N(0, s²): E cos φ = e^(−s²/2), E cos² φ = (1 + e^(−2s²))/2."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_model import check_rate_noise, rate_noise_variances
from tests.unit.channel.models import laws

QPSK = {"digital": {"modulation": "qpsk"}}


def noisy(std_deg: float, kind: str = "independent") -> dict[str, object]:
    return {"name": "phase-noise", "std_deg": std_deg, "kind": kind}


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("kind", ["independent", "wiener"])
def test_phase_noise_passes_the_checks_of_all_models(kind: str, draws: int) -> None:
    for model in (noisy(20, kind), [noisy(20, kind), "awgn"], ["awgn", noisy(20, kind)]):
        laws.check_shapes_and_types(model, draws)
        laws.check_adjoint(model, draws)
    laws.check_draws_are_keyed(noisy(20, kind))


@pytest.mark.parametrize("std_deg", [2.0, 10.0, 40.0])
def test_the_received_share_has_the_moments_of_a_normal_phase(std_deg: float) -> None:
    share = laws.passed(
        link_channel(laws.config_of(noisy(std_deg)), 1), laws.KEY, np.ones((1, 50_000, 4), dtype=np.float32), 1
    ).astype(float)
    variance = np.deg2rad(std_deg) ** 2
    mean, square = np.exp(-variance / 2), (1 + np.exp(-2 * variance)) / 2
    assert abs(share.mean() - mean) < 5 * np.sqrt((square - mean**2) / share.size) + 1e-7
    fourth = (3 + 4 * np.exp(-2 * variance) + np.exp(-8 * variance)) / 8
    assert abs(np.mean(share**2) - square) < 5 * np.sqrt((fourth - square**2) / share.size) + 1e-7


def test_phases_are_normal_white_and_independent_between_draws() -> None:
    phases = link_channel(laws.config_of(noisy(30)), 1).draw(laws.KEY, (2, 400, 250)) / np.deg2rad(30)
    n = phases[0].size
    assert abs(np.mean(phases**4) - 3) < 5 * np.sqrt(96 / phases.size)
    assert abs(np.mean(phases[0] * phases[1])) < 5 / np.sqrt(n)
    assert abs(np.mean(phases[0][:, 1:] * phases[0][:, :-1])) < 5 / np.sqrt(n)


def test_a_wiener_phase_walks_from_the_start_of_each_sample() -> None:
    phases = link_channel(laws.config_of(noisy(3, "wiener")), 1).draw(laws.KEY, (1, 20_000, 8))[0] / np.deg2rad(3)
    variances = np.mean(phases.astype(float) ** 2, axis=0)
    np.testing.assert_allclose(variances, np.arange(1, 9), rtol=5 * np.sqrt(2 / 20_000))
    steps = np.diff(phases, axis=-1)
    assert abs(np.mean(steps[:, 1:] * steps[:, :-1])) < 5 / np.sqrt(steps[:, 1:].size)


def test_pairs_are_rotated_where_the_radio_carries_i_and_q() -> None:
    config, symbols = laws.config_of(noisy(25), **QPSK), laws.random(1, 50, 6)
    channel = link_channel(config, 1)
    phases = channel.draw(laws.KEY, (2, 50, 6))
    assert phases.shape == (2, 50, 3)
    received = channel.apply(symbols, phases)
    sent = (symbols[..., ::2] + 1j * symbols[..., 1::2]) * np.exp(1j * phases)
    np.testing.assert_allclose(received[..., ::2], sent.real, atol=1e-6)
    np.testing.assert_allclose(received[..., 1::2], sent.imag, atol=1e-6)
    np.testing.assert_allclose((received**2).sum(axis=-1)[0], (symbols**2).sum(axis=-1)[0], rtol=1e-5)


@given(st.integers(1, 9), st.integers(1, 3), st.integers(0, 2**32), st.sampled_from(["independent", "wiener"]))
def test_the_adjoint_of_a_rotation_turns_back(dimension: int, draws: int, seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    channel: Any = link_channel(RunConfig.model_validate({"channel": {"model": noisy(30, kind), **QPSK}}), 0)
    phases = channel.draw(laws.KEY, (draws, 4, dimension))
    symbols = rng.standard_normal((1, 4, dimension)).astype(np.float32)
    gradient = rng.standard_normal((draws, 4, dimension)).astype(np.float32)
    ahead, back = channel.apply(symbols, phases).astype(float), channel.adjoint(gradient, phases).astype(float)
    assert ahead.shape == back.shape == gradient.shape
    terms = 8 * np.finfo(np.float32).eps * np.sqrt(np.sum(symbols.astype(float) ** 2) * draws * np.sum(gradient**2))
    np.testing.assert_allclose((ahead * gradient).sum(), (symbols * back).sum(), rtol=0, atol=terms)


def test_bpsk_is_real_and_loses_the_cosine() -> None:
    bpsk, amplitudes = (
        laws.passed(link_channel(laws.config_of(noisy(25), **channel), 1), laws.KEY, laws.random(1, 5, 4), 1)
        for channel in ({"digital": {"modulation": "bpsk"}}, {})
    )
    np.testing.assert_array_equal(bpsk, amplitudes)


def test_a_draw_never_changes() -> None:
    phases = link_channel(laws.config_of(noisy(10)), 1).draw(laws.KEY, (1, 1, 3))
    np.testing.assert_array_equal(phases.ravel(), np.array([0.06289099, 0.15372743, -0.029776989], dtype=np.float32))


def test_the_rate_is_that_of_the_link_without_phase_noise() -> None:
    config = laws.config_of([noisy(10), "awgn"], psnr_db=10.0)
    np.testing.assert_allclose(rate_noise_variances(config, 1, laws.KEY), [0.1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"std_deg": -3}, r"std_deg = -3: expected a number in \[0, 180\]"),
        ({"std_deg": 3, "kind": "pink"}, "kind = pink: expected independent or wiener"),
    ],
)
def test_a_bad_option_is_refused_by_its_value(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^channel.model = phase-noise, link 0: {message}$"):
        check_rate_noise(laws.config_of([{"name": "phase-noise", **options}, "awgn"]))
