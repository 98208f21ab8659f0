"""Checks that every channel model must pass."""

from typing import Any

import numpy as np

from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.channel_model import ChannelModel, rate_noise_variances
from splitwave.common.protocol.link_noise import draw_of_sample
from splitwave.common.protocol.phases import Phase, Symbols

KEY = BlockKey(Phase.TRAIN, 3, 1)
KEYS = (KEY, BlockKey(Phase.TRAIN, 4, 0), BlockKey(Phase.TEST, 0, 5))


def config_of(model: object, **channel: object) -> RunConfig:
    return RunConfig.model_validate({"encoder": {"dimension": 3}, "channel": {"model": model, **channel}})


def unwritable(values: Float32) -> Float32:
    """Make an array read-only, like one that is part of a received message."""
    values.flags.writeable = False
    return values


def random(*shape: int) -> Float32:
    return unwritable(np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32))


def passed(channel: ChannelModel[Any], key: BlockKey, symbols: Float32, draws: int) -> Float32:
    return channel.apply(symbols, channel.draw(key, (draws, *symbols.shape[1:])))


def check_shapes_and_types(model: object, draws: int) -> None:
    """Check that all outputs are (L, B, d) float32, for inputs of one copy and of one copy per draw."""
    channel = link_channel(config_of(model), 1)
    for copies in {1, draws}:
        received = passed(channel, KEY, random(copies, 6, 3), draws)
        assert received.shape == (draws, 6, 3)
        assert received.dtype == np.float32
    returned = channel.adjoint(random(draws, 6, 3), channel.draw(KEY, (draws, 6, 3)))
    assert returned.shape == (draws, 6, 3)
    assert returned.dtype == np.float32


def check_draws_are_keyed(model: object) -> None:
    """Check that draws depend on run, link and block only, and that draw l is the same for any L."""
    symbols, config = random(1, 6, 3), config_of(model)
    other_run = config.model_copy(update={"seed": 1})
    for key in KEYS:
        one, other = (link_channel(config, 1) for _ in range(2))
        three = passed(one, key, symbols, 3)
        np.testing.assert_array_equal(three, passed(other, key, symbols, 3))
        np.testing.assert_array_equal(three[:1], passed(other, key, symbols, 1))
        for another in (link_channel(other_run, 1), link_channel(config, 0)):
            assert np.intersect1d(three, passed(another, key, symbols, 3)).size == 0


def check_adjoint(model: object, draws: int) -> None:
    """Check ⟨C(z) − C(0), g⟩ = ⟨z, Aᵀg⟩ for the channel C(z) = A·z + ε of each draw.

    The products are computed in double precision. C and Aᵀ compute in single precision, with a few roundings each.
    """
    channel, symbols, gradient = link_channel(config_of(model), 1), random(1, 6, 3), random(draws, 6, 3)
    ahead, at_zero = (passed(channel, KEY, sent, draws).astype(float) for sent in (symbols, np.zeros_like(symbols)))
    back = channel.adjoint(gradient, channel.draw(KEY, gradient.shape)).astype(float)
    terms = np.abs(gradient) * (np.abs(ahead) + np.abs(at_zero)) + np.abs(symbols) * np.abs(back)
    tolerance = 4 * np.finfo(np.float32).eps * terms.sum()
    np.testing.assert_allclose(((ahead - at_zero) * gradient).sum(), (symbols * back).sum(), rtol=0, atol=tolerance)
    if channel.is_additive:
        np.testing.assert_array_equal(back, gradient)


def emulated(config: RunConfig, symbol: float, key: BlockKey, samples: int) -> Float32:
    """The (B, d) symbols of the first draw that the emulator outputs for a block of equal symbols."""
    values = np.full((1, samples, config.encoder.dimension), symbol, dtype=np.float32)
    link = ChannelLink(config, 1)
    link.begin_pass(Symbols.SOFT)
    received = link.transmit(SymbolBlock(1, 0, key, np.arange(samples), RealPayload(values))).payload
    assert isinstance(received, RealPayload)
    first: Float32 = received.values[0]
    return first


def check_rate_noise(config: RunConfig, key: BlockKey, samples: int = 20_000) -> None:
    """Check that the rate bounds use the noise variance of the emulator, divided by the squared gain of each symbol.

    The variance of n normal numbers has a relative standard deviation of √(2/n); the tolerance is five of these.
    """
    expected = rate_noise_variances(config, 1, key)
    at_zero, ahead = (emulated(config, symbol, key, samples).astype(float) for symbol in (0.0, 1.0))
    share = draw_of_sample(len(expected), samples)
    for number, variance in enumerate(expected):
        at_input = (at_zero / (ahead - at_zero))[share == number]
        assert abs(np.mean(at_input**2) - variance) <= 5 * variance * np.sqrt(2 / at_input.size)
