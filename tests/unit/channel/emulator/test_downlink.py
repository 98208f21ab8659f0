"""Gradients that arrive quantized, or with noise."""

import numpy as np
import pytest

from splitwave.channel.emulator.downlink import Downlink
from splitwave.channel.emulator.link import ChannelLink
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase
from tests.unit.channel.models.laws import KEY, random


def config_of(draws: int = 1, **downlink: object) -> RunConfig:
    channel, objective = {"downlink": downlink}, {"draws": draws}
    return RunConfig.model_validate({"encoder": {"dimension": 3}, "channel": channel, "objective": objective})


def returned(gradient: Float32, config: RunConfig, key: BlockKey = KEY, link: int = 1) -> Float32:
    return ChannelLink(config, link).return_gradient(Gradient(key, gradient)).values


def test_an_ideal_downlink_returns_the_gradient_itself() -> None:
    gradient = random(1, 6, 3)
    assert ChannelLink(config_of(), 1).returns_unchanged(KEY)
    assert returned(gradient, config_of()) is gradient


@pytest.mark.parametrize("bits", [1, 2, 5, 16])
def test_values_are_rounded_to_a_level_next_to_them(bits: int) -> None:
    gradient = np.float32(0.3) * random(1, 60, 3)
    assert not ChannelLink(config_of(bits=bits), 1).returns_unchanged(KEY)
    quantized = returned(gradient, config_of(bits=bits))
    peak, steps = np.abs(gradient).max(), 2**bits - 1
    places = (quantized / peak + 1) * steps / 2
    np.testing.assert_allclose(places, places.round(), atol=1e-2 if bits == 16 else 1e-4)
    assert np.abs(quantized - gradient).max() < 2 * peak / steps * (1 + 1e-5)
    assert np.abs(quantized).max() <= peak
    assert len(np.unique(quantized)) <= 2**bits


def test_rounding_has_the_mean_of_the_value() -> None:
    """With one bit each of n values is ±m, with a deviation of at most m; the mean may be five deviations away."""
    gradient = np.full((1, 20_000, 1), 0.2, dtype=np.float32)
    gradient[0, 0] = 1.0
    quantized = Downlink(config_of(bits=1), 1).pass_through(KEY, gradient)
    assert set(np.unique(quantized)) == {-1.0, 1.0}
    assert abs(quantized.mean() - 0.2) < 5 / 20_000**0.5


def test_noise_has_its_variance_relative_to_the_largest_square() -> None:
    gradient = np.float32(1e-3) * random(1, 20_000, 3)
    noise = (returned(gradient, config_of(psnr_db=6.0)) - gradient).astype(float)
    expected = float(np.abs(gradient).max()) ** 2 * 10**-0.6
    assert abs(np.mean(noise**2) / expected - 1) < 5 * (2 / noise.size) ** 0.5


def test_noise_comes_behind_the_quantizer_and_both_are_keyed() -> None:
    gradient, both = random(1, 6, 3), config_of(bits=3, psnr_db=6.0)
    quantized = returned(gradient, config_of(bits=3))
    np.testing.assert_array_equal(returned(gradient, both), returned(quantized, config_of(psnr_db=6.0)))
    one = returned(gradient, both)
    np.testing.assert_array_equal(one, returned(gradient, both))
    for other in (BlockKey(Phase.TRAIN, 4, 1), BlockKey(Phase.TRAIN, 3, 0)):
        assert np.intersect1d(one, returned(gradient, both, other)).size == 0
    assert np.intersect1d(one, returned(gradient, both, link=0)).size == 0


def test_the_gradient_is_added_up_over_the_draws_before_it_is_sent() -> None:
    gradient = random(3, 6, 3)
    total = gradient.sum(axis=0, keepdims=True)
    np.testing.assert_array_equal(returned(gradient, config_of(draws=3, bits=4)), returned(total, config_of(bits=4)))


def test_a_gradient_of_zeros_stays_one() -> None:
    """As that of a link whose symbols were erased."""
    zeros = np.zeros((1, 6, 3), dtype=np.float32)
    np.testing.assert_array_equal(returned(zeros, config_of(bits=1, psnr_db=0.0)), zeros)
