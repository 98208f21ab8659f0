"""Models in series; the two models of these tests do not commute."""

from typing import Any

import numpy as np

from splitwave.channel.models.awgn import AwgnChannel
from splitwave.channel.models.composite import CompositeChannel, link_channel
from splitwave.common.config.registry import AWGN
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances
from tests.unit.channel.models.laws import KEY, random

CONFIG = RunConfig()


class MatrixChannel:
    """ẑ = M·z̃ with a constant matrix; counts its draws."""

    is_additive = False

    def __init__(self, matrix: list[list[float]]) -> None:
        self._matrix = np.array(matrix, dtype=np.float32)
        self.draws = 0

    def draw(self, key: BlockKey, shape: BlockShape) -> Float32:  # noqa: ARG002
        self.draws += 1
        return self._matrix

    def apply(self, symbols: Float32, realisation: Float32) -> Float32:
        return symbols @ realisation.T

    def adjoint(self, gradient: Float32, realisation: Float32) -> Float32:
        return gradient @ realisation

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:  # noqa: ARG002
        return behind / float(np.abs(np.linalg.det(self._matrix)))


class CountedAwgn(AwgnChannel):
    draws = 0

    def draw(self, key: BlockKey, shape: BlockShape) -> Float32:
        self.draws += 1
        return super().draw(key, shape)


ROTATION, SCALING = [[0.0, -1.0], [1.0, 0.0]], [[4.0, 0.0], [0.0, 1.0]]


def through(channel: CompositeChannel, symbols: Float32, draws: int = 1) -> Float32:
    return channel.apply(symbols, channel.draw(KEY, (draws, *symbols.shape[1:])))


def test_symbols_pass_the_models_in_order_and_gradients_in_reverse_order() -> None:
    channel = CompositeChannel([MatrixChannel(ROTATION), MatrixChannel(SCALING)])
    symbols, gradient = (np.array([[pair]], dtype=np.float32) for pair in ([1.0, 2.0], [3.0, 5.0]))
    assert through(channel, symbols).tolist() == [[[-8.0, 1.0]]]  # rotated to (−2, 1), then scaled
    back = channel.adjoint(gradient, channel.draw(KEY, (1, 1, 2)))
    assert back.tolist() == [[[5.0, -12.0]]]  # scaled to (12, 5), then rotated back


def test_noise_is_added_at_the_position_of_its_model() -> None:
    awgn, symbols = AwgnChannel(CONFIG, 0), random(1, 5, 2)
    noise = awgn.draw(KEY, (3, 5, 2))
    scaling = np.array([4.0, 1.0], dtype=np.float32)
    behind, before = (MatrixChannel(SCALING), awgn), (awgn, MatrixChannel(SCALING))
    np.testing.assert_array_equal(through(CompositeChannel(behind), symbols, 3), symbols * scaling + noise)
    np.testing.assert_array_equal(through(CompositeChannel(before), symbols, 3), (symbols + noise) * scaling)


def test_the_adjoint_draws_no_noise() -> None:
    """The adjoint needs no noise, and drawing noise takes half of the emulator's time."""
    matrix, awgn = MatrixChannel(ROTATION), CountedAwgn(CONFIG, 0)
    channel = CompositeChannel([matrix, awgn])
    through(channel, random(1, 5, 2))
    assert (matrix.draws, awgn.draws) == (1, 1)
    channel.adjoint(random(1, 5, 2), channel.draw(KEY, (1, 5, 2)))
    assert (matrix.draws, awgn.draws) == (2, 1)


def test_a_composite_channel_is_additive_if_all_its_models_are() -> None:
    awgn: Any = AwgnChannel(CONFIG, 0)
    assert CompositeChannel([awgn, awgn]).is_additive
    assert not CompositeChannel([awgn, MatrixChannel(ROTATION)]).is_additive


def test_noise_behind_a_gain_has_a_smaller_variance_at_the_input() -> None:
    awgn, (variance,) = AwgnChannel(CONFIG, 0), [CONFIG.noise_variance(0)]
    none = np.zeros(1)
    assert CompositeChannel([MatrixChannel(SCALING), awgn]).noise_variances(KEY, none) == variance / 4
    assert CompositeChannel([awgn, MatrixChannel(SCALING)]).noise_variances(KEY, none) == variance


def test_a_list_of_one_model_gives_the_model_itself() -> None:
    assert isinstance(link_channel(RunConfig.model_validate({"channel": {"model": [AWGN]}}), 0), AwgnChannel)
