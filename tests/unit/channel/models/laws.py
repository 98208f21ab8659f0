"""Checks that every channel model must pass."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.channel_model import ChannelModel, GainModel, rate_noise_variances
from splitwave.common.protocol.link_noise import draw_of_sample
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.sample_positions import SamplePositions

Doubles = NDArray[np.float64]

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


def check_discrete_draws_are_keyed(model: object, samples: int = 64) -> None:
    """As `check_draws_are_keyed`, for models whose outputs have zeros: blocks of other coordinates are not equal."""
    symbols, config = random(1, samples, 3), config_of(model)
    other_run = config.model_copy(update={"seed": 1})
    for key in KEYS:
        one, other = (link_channel(config, 1) for _ in range(2))
        three = passed(one, key, symbols, 3)
        np.testing.assert_array_equal(three, passed(other, key, symbols, 3))
        np.testing.assert_array_equal(three[:1], passed(other, key, symbols, 1))
        others = [passed(link_channel(other_run, 1), key, symbols, 3), passed(link_channel(config, 0), key, symbols, 3)]
        assert not any(np.array_equal(three, another) for another in others)
        assert not np.array_equal(three[0], three[1])


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


@dataclass(frozen=True)
class Case:
    """One block and its gradient.

    Attributes:
        key: of the block.
        symbols: (1, B, d) or (L, B, d) float32.
        gradient: (L, B, d) float32.
    """

    key: BlockKey
    symbols: Float32
    gradient: Float32


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Blocks of any phase and shape, with any symbols and gradients that are not close to the limits of float32."""
    draws, samples, dimension = draw(st.integers(1, 3)), draw(st.integers(1, 9)), draw(st.integers(1, 6))
    values = st.floats(-8, 8, width=32, allow_subnormal=False)
    copies = draw(st.sampled_from((1, draws)))
    symbols, gradient = (
        unwritable(draw(arrays.arrays(np.float32, (each, samples, dimension), elements=values)))
        for each in (copies, draws)
    )
    place = st.integers(0, 1 << 20)
    return Case(BlockKey(draw(st.sampled_from(Phase)), draw(place), draw(place)), symbols, gradient)


def check_adjoint_of(model: object, case: Case) -> None:
    """Check ⟨A·z, g⟩ = ⟨z, Aᵀ·g⟩ for a model that adds no noise, and that it leaves its inputs and realisation alone.

    The products are computed in double precision; A and Aᵀ round each value once, or to the least normal number.
    """
    channel, shape = link_channel(config_of(model), 1), case.gradient.shape
    ahead = passed(channel, case.key, case.symbols, shape[0]).astype(float)
    back = channel.adjoint(case.gradient, channel.draw(case.key, shape)).astype(float)
    left, right = ahead * case.gradient, case.symbols * back
    of_float32 = np.finfo(np.float32)
    rounding = of_float32.eps * (np.abs(left) + np.abs(right)) + 16 * of_float32.tiny
    np.testing.assert_allclose(left.sum(), right.sum(), rtol=0, atol=float(rounding.sum()))


def emulated(config: RunConfig, symbol: float, key: BlockKey, samples: int) -> Float32:
    """The (B, d) symbols of the first draw that the emulator outputs for a block of equal symbols."""
    values = np.full((1, samples, config.encoder.dimension), symbol, dtype=np.float32)
    link = ChannelLink(config, 1)
    link.begin_pass(Symbols.SOFT)
    received = link.transmit(SymbolBlock(1, 0, key, np.arange(samples), RealPayload(values))).payload
    assert isinstance(received, RealPayload)
    first: Float32 = received.values[0]
    return first


def gains(model: object, key: BlockKey, draws: int, samples: int, link: int = 1, **settings: object) -> Doubles:
    """(L, B) float64 gains of a block, from the realisation that its symbols meet.

    Args:
        model: as in the settings.
        key: of the block.
        draws: L.
        samples: B.
        link: index of the link.
        settings: of the run, beside the channel.
    """
    config = RunConfig.model_validate({"encoder": {"dimension": 3}, "channel": {"model": model}} | settings)
    channel = link_channel(config, link)
    assert isinstance(channel, GainModel)
    realisation = channel.draw(key, (draws, samples, 3))
    received = channel.apply(np.ones((1, samples, 3), dtype=np.float32), realisation)
    known = channel.gains(realisation)
    assert known.shape == (draws, samples, 1)
    assert known.dtype == np.float32
    np.testing.assert_array_equal(received, np.broadcast_to(known, received.shape))
    of_samples: Doubles = known[..., 0].astype(np.float64)
    return of_samples


def check_positions(model: object, **settings: object) -> None:
    """Check that the gain of a sample depends on its place in time, not on the block that it travels in.

    A serving block has one sample and a test block many: what a model draws for both must be equal to the bit.
    """
    config = RunConfig.model_validate({"encoder": {"dimension": 3}, "channel": {"model": model}} | settings)
    channel: Any = link_channel(config, 1)
    for first in (0, 57, 64 * 7 - 1, (1 << 32) + 5):
        whole = channel.gains_at(SamplePositions(Phase.SERVE, 2, first, 150), 2)
        for start, samples in ((0, 1), (3, 1), (9, 2), (60, 7), (64, 64), (101, 49)):
            part = channel.gains_at(SamplePositions(Phase.SERVE, 2, first + start, samples), 2)
            np.testing.assert_array_equal(part, whole[:, start : start + samples])


def check_distribution(values: Doubles, cdf: Callable[[Doubles], Doubles]) -> None:
    """Kolmogorov–Smirnov: √n·sup|F_n − F| of n independent values is below 1.95 with probability 0.999."""
    ordered, n = np.sort(values.ravel()), values.size
    expected = cdf(ordered)
    above, below = np.arange(1, n + 1) / n - expected, expected - np.arange(n) / n
    assert max(above.max(), below.max()) * np.sqrt(n) < 1.95


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
