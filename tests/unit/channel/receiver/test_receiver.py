"""The receiver behind the models of a link: its estimates, its equalisers, its inputs, and its adjoint."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.channel.models.awgn import AwgnChannel
from splitwave.channel.models.composite import link_channel
from splitwave.channel.receiver.receiver import Receiver
from splitwave.common.config.channel_settings import ChannelModelChoice
from splitwave.common.config.registry import AWGN
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import GainModel, channel_model, rate_noise_variances
from splitwave.common.protocol.phases import Phase
from tests.unit.channel.models.laws import KEY, KEYS, passed, random
from tests.unit.channel.receiver.fixed_gain import fixed
from tests.unit.channel.receiver.transpose import check_transpose

RAYLEIGH = "rayleigh"
TEST = BlockKey(Phase.TEST, 0, 5)
CSI = ("perfect", "estimated")
EQUALISERS = ("none", "zero-forcing", "mmse")
WORKING = [case for case in itertools.product(CSI, EQUALISERS, (False, True)) if case[1] != "none" or case[2]]


def config_of(
    model: object = (RAYLEIGH, AWGN),
    csi: str = "perfect",
    equaliser: str = "none",
    inputs: bool = False,
    **more: object,
) -> RunConfig:
    model = list(model) if isinstance(model, tuple) else model
    receiver = {"csi": csi, "equaliser": equaliser, "inputs": inputs}
    channel = {"model": model, "receiver": receiver} | more
    return RunConfig.model_validate({"encoder": {"dimension": 3}, "channel": channel})


def constant(value: float, samples: int, width: int = 1) -> Float32:
    return np.full((1, samples, width), value, dtype=np.float32)


def gains_of(config: RunConfig, key: BlockKey, draws: int, samples: int) -> Float32:
    model = channel_model(ChannelModelChoice(name=RAYLEIGH), config, 1)
    assert isinstance(model, GainModel)
    gains: Float32 = model.gains(model.draw(key, (draws, samples, 3)))
    return gains


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize(("csi", "equaliser", "inputs"), WORKING)
def test_symbols_keep_their_type_and_the_inputs_come_behind_them(
    csi: str, equaliser: str, inputs: bool, draws: int
) -> None:
    channel = link_channel(config_of((RAYLEIGH, AWGN), csi, equaliser, inputs), 1)
    received = passed(channel, KEY, random(1, 6, 3), draws)
    assert received.shape == (draws, 6, 5 if inputs else 3)
    assert received.dtype == np.float32
    assert np.isfinite(received).all()
    returned = channel.adjoint(random(*received.shape), channel.draw(KEY, (draws, 6, 3)))
    assert returned.shape == (draws, 6, 3)
    assert returned.dtype == np.float32
    assert not channel.is_additive


@pytest.mark.parametrize("modulation", [None, "qpsk"])
@pytest.mark.parametrize(("csi", "equaliser", "inputs"), WORKING)
@given(draws=st.integers(1, 3), width=st.integers(1, 6), seed=st.integers(0, 2**32))
def test_the_adjoint_is_the_transpose_of_the_linear_part(
    csi: str, equaliser: str, inputs: bool, modulation: str | None, draws: int, width: int, seed: int
) -> None:
    """⟨C(z) − C(0), g⟩ = ⟨z, Aᵀg⟩, for any gradient of the inputs; products in double precision, C in single."""
    digital = {"digital": {"modulation": modulation}}
    channel = link_channel(config_of((RAYLEIGH, AWGN), csi, equaliser, inputs, **digital), 1)
    rng = np.random.default_rng(seed)
    symbols = rng.uniform(-1, 1, (1, 4, width)).astype(np.float32)
    ahead, at_zero = (passed(channel, KEY, sent, draws).astype(float) for sent in (symbols, np.zeros_like(symbols)))
    gradient = rng.standard_normal(ahead.shape).astype(np.float32)
    back = channel.adjoint(gradient, channel.draw(KEY, (draws, 4, width))).astype(float)
    check_transpose(symbols, ahead[..., :width], at_zero[..., :width], gradient[..., :width], back)


@pytest.mark.parametrize("equaliser", EQUALISERS)
def test_the_law_of_the_adjoint_sees_an_error_of_one_in_a_thousand(equaliser: str) -> None:
    """Also behind zero-forcing, whose gradients may be large: of each pass here, the largest product is off."""
    channel = link_channel(config_of((RAYLEIGH, AWGN), "estimated", equaliser, inputs=True), 1)
    for number in range(50):
        key, rng = BlockKey(Phase.TEST, 0, number), np.random.default_rng(number)
        symbols = rng.uniform(-1, 1, (1, 4, 6)).astype(np.float32)
        ahead, at_zero = (passed(channel, key, sent, 3).astype(float) for sent in (symbols, np.zeros_like(symbols)))
        gradient = rng.standard_normal(ahead.shape).astype(np.float32)
        back = channel.adjoint(gradient, channel.draw(key, (3, 4, 6))).astype(float)
        linear = ahead[..., :6], at_zero[..., :6], gradient[..., :6]
        check_transpose(symbols, *linear, back)
        back.flat[np.argmax(np.abs(symbols * back))] *= 1.001
        with pytest.raises(AssertionError):
            check_transpose(symbols, *linear, back)


def test_one_copy_from_models_without_draws_becomes_one_for_each_estimate() -> None:
    """Models without anything random may give (1, B, d) for L draws, and estimates differ from draw to draw."""
    for inputs, width in ((False, 3), (True, 5)):
        receiver = Receiver(config_of([AWGN], "estimated", "mmse", inputs), 1, [AwgnChannel(config_of(), 1)])
        received = receiver.apply(random(1, 6, 3), receiver.draw(KEY, (2, 6, 3)))
        assert received.shape == (2, 6, width)
        assert (received[0, :, :3] != received[1, :, :3]).all()


@pytest.mark.parametrize(("csi", "equaliser", "inputs"), WORKING)
def test_draws_are_keyed_and_the_same_for_any_number_of_draws(csi: str, equaliser: str, inputs: bool) -> None:
    config, symbols = config_of((RAYLEIGH, AWGN), csi, equaliser, inputs), random(1, 6, 3)
    for key in KEYS:
        three = passed(link_channel(config, 1), key, symbols, 3)
        np.testing.assert_array_equal(three, passed(link_channel(config, 1), key, symbols, 3))
        np.testing.assert_array_equal(three[:1], passed(link_channel(config, 1), key, symbols, 1))
        for other in (link_channel(config.model_copy(update={"seed": 1}), 1), link_channel(config, 0)):
            assert np.intersect1d(three[..., :3], passed(other, key, symbols, 3)[..., :3]).size == 0


def test_zero_forcing_with_perfect_state_leaves_noise_over_the_gain_alone() -> None:
    config = config_of(equaliser="zero-forcing", psnr_db=20.0)
    symbols = random(1, 50, 3)
    gains = gains_of(config, TEST, 1, 50)
    received = passed(link_channel(config_of(AWGN, "none", psnr_db=20.0), 1), TEST, np.zeros_like(symbols), 1)
    equalised = passed(link_channel(config, 1), TEST, symbols, 1)
    np.testing.assert_allclose(equalised, symbols + received / gains, rtol=2e-5, atol=2e-6)


def test_mmse_weights_by_gain_over_power_and_has_the_least_error_for_symbols_of_power_one() -> None:
    """The mean over n = 60,000 symbols has a standard deviation of a few √(1/n) = 0.4 %; 2 % are allowed."""
    samples, signs = 20_000, np.sign(random(1, 20_000, 3))
    errors = {}
    for equaliser in EQUALISERS:
        inputs = equaliser == "none"
        config = config_of(equaliser=equaliser, inputs=inputs, psnr_db=3.0)
        errors[equaliser] = np.mean((passed(link_channel(config, 1), TEST, signs, 1)[..., :3] - signs) ** 2)
    gains, variance = gains_of(config, TEST, 1, samples).astype(float), config.noise_variance(1)
    assert errors["mmse"] == pytest.approx(np.mean(variance / (gains**2 + variance)), rel=0.02)
    assert errors["mmse"] < 0.9 * min(errors["none"], errors["zero-forcing"])


@pytest.mark.parametrize("equaliser", EQUALISERS[1:])
@pytest.mark.parametrize("gain", [0.0, 1e-30, 1e-5, -0.5])
@pytest.mark.parametrize("model", [[AWGN], []], ids=["noisy", "noiseless"])
def test_equalisers_stay_finite_however_small_the_gain(equaliser: str, gain: float, model: list[str]) -> None:
    for csi in CSI:
        channel = link_channel(config_of([fixed(gain), *model], csi, equaliser, inputs=True, psnr_db=-20.0), 1)
        received = passed(channel, KEY, random(1, 6, 3), 2)
        assert np.isfinite(received).all()
        if not model and gain == -0.5:
            np.testing.assert_allclose(received[..., :3], np.broadcast_to(random(1, 6, 3), (2, 6, 3)), rtol=1e-6)


def test_zero_forcing_inverts_links_down_to_40_db_below_the_noise() -> None:
    """1/ĝ holds while g²/v ≥ 10⁻⁴; the noise of a link with 39 dB less than the noise comes out 39 dB above P_max."""
    channel = link_channel(config_of([fixed(1.0), AWGN], "perfect", "zero-forcing", inputs=True, psnr_db=-39.0), 1)
    assert channel.adjoint(constant(1.0, 2, 5), channel.draw(KEY, (1, 2, 3))).tolist() == constant(1.0, 2, 3).tolist()
    deep = link_channel(config_of([fixed(0.1), AWGN], "perfect", "zero-forcing", psnr_db=-39.0), 1)
    factor = deep.adjoint(constant(1.0, 2, 3), deep.draw(KEY, (1, 2, 3)))  # w·g, with g²/v of −59 dB
    np.testing.assert_allclose(factor, 0.1**2 / (1e-4 * 10**3.9), rtol=1e-5)


def test_the_inputs_are_gain_and_psnr_in_tens_of_decibels() -> None:
    config = config_of(inputs=True, psnr_db=[7.0, 13.0])
    received = passed(link_channel(config, 1), TEST, random(1, 6, 3), 1)
    np.testing.assert_allclose(received[..., 3:4], 2 * np.log10(gains_of(config, TEST, 1, 6)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(received[..., 4:], 1.3, rtol=1e-6)


def test_noise_before_a_gain_is_multiplied_by_it_and_counts_for_the_psnr() -> None:
    config = config_of([AWGN, fixed(0.1)], inputs=True, psnr_db=10.0)
    received = passed(link_channel(config, 1), TEST, random(1, 6, 3), 1)
    np.testing.assert_allclose(received[0, :, 3:], np.tile([-2.0, 3.0], (6, 1)), rtol=1e-6)  # −20 dB, 10 + 20 dB


def test_inputs_without_gain_or_noise_are_the_ends_of_their_range() -> None:
    received = passed(link_channel(config_of([fixed(0.0)], inputs=True), 1), TEST, random(1, 2, 3), 1)
    assert received[0, :, 3:].tolist() == [[-10.0, 15.0]] * 2


def test_each_sample_of_a_training_block_has_the_psnr_of_its_share() -> None:
    config = config_of([AWGN], inputs=True, training_psnr_db=[0.0, 20.0], training_psnr_draws=3)
    received = passed(link_channel(config, 1), KEY, random(1, 6, 3), 1)
    expected = -np.log10(np.repeat(rate_noise_variances(config, 1, KEY), 2))
    np.testing.assert_allclose(received[0, :, 4], expected, rtol=1e-6)


@pytest.mark.parametrize("pilots", [1, 16])
def test_the_estimate_has_the_error_of_its_pilots(pilots: int) -> None:
    """E ĝ² = g² + 2σ²/P: its mean over n samples has the relative deviation √(1/n)·O(1), and five are allowed."""
    receiver = {"csi": "estimated", "inputs": True} | ({"pilots": pilots} if pilots != 4 else {})
    config = config_of([fixed(0.5), AWGN], psnr_db=3.0, receiver=receiver)
    n = 40_000
    received = passed(link_channel(config, 1), TEST, constant(0.0, n), 1).astype(float)
    power = 10 ** received[0, :, 1]
    spread = 2 * 0.5 * (config.noise_variance(1) / pilots) ** 0.5 + 2 * config.noise_variance(1) / pilots
    assert abs(power.mean() - (0.25 + 2 * config.noise_variance(1) / pilots)) < 5 * spread / n**0.5


@pytest.mark.parametrize("modulation", [None, "qpsk"])
def test_turning_symbols_back_costs_the_cosine_of_the_phase_error_and_keeps_the_noise(modulation: str | None) -> None:
    """With one pilot the phase of ĥ has E cos φ > 0, and noise turned by any φ keeps its variance; five deviations."""
    digital = {"digital": {"modulation": modulation}}
    config = config_of([fixed(1.0), AWGN], "estimated", "none", inputs=True, psnr_db=3.0, **digital)
    n, variance = 40_000, config.noise_variance(1)
    channel = link_channel(config, 1)
    noise = passed(channel, TEST, constant(0.0, n, 2), 1)[..., :2].astype(float)
    assert abs(noise.var() / variance - 1) < 5 * (2 / noise.size) ** 0.5
    one = np.array([[[1.0, 0.0]]], dtype=np.float32).repeat(n, axis=1)
    ahead = passed(channel, TEST, one, 1)[..., :2] - noise
    cosine, leaked = ahead[0, :, 0], ahead[0, :, 1]
    rng = np.random.default_rng(0)
    pilots = 1 + (variance / 4) ** 0.5 * (rng.standard_normal(n) + 1j * rng.standard_normal(n))
    assert abs(cosine.mean() - np.cos(np.angle(pilots)).mean()) < 5 * (2 / n) ** 0.5 * cosine.std()
    if modulation:  # the quadrature gets −sin φ
        np.testing.assert_allclose(cosine**2 + leaked**2, 1.0, atol=1e-4)
    else:
        np.testing.assert_allclose(leaked, 0.0, atol=1e-6)


def test_estimates_from_many_pilots_come_near_the_perfect_state() -> None:
    received = []
    for csi in ({"csi": "perfect"}, {"csi": "estimated", "pilots": 1024}):
        receiver = {"equaliser": "zero-forcing", "inputs": True} | csi
        channel = link_channel(config_of([fixed(0.8), AWGN], psnr_db=30.0, receiver=receiver), 1)
        received.append(passed(channel, TEST, random(1, 9, 3), 1))
    perfect, estimated = received
    np.testing.assert_allclose(estimated, perfect, atol=0.02)


@pytest.mark.parametrize(("csi", "equaliser", "inputs"), WORKING)
def test_the_rate_sees_the_noise_of_the_models(csi: str, equaliser: str, inputs: bool) -> None:
    config = config_of((fixed(0.5), AWGN), csi, equaliser, inputs, psnr_db=3.0)
    for key in KEYS:
        said = link_channel(config, 1).noise_variances(key, np.zeros(1))
        np.testing.assert_array_equal(said, rate_noise_variances(config, 1, key))


def test_a_receiver_that_does_nothing_is_not_there() -> None:
    plain, known = (link_channel(config_of(AWGN, csi), 1) for csi in ("none", "perfect"))
    assert plain.is_additive
    assert known.is_additive
