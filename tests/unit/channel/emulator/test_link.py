import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.models.awgn import AwgnChannel, gaussian_noise
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase, Symbols

KEY = BlockKey(Phase.TRAIN, 3, 1)
CONFIG = RunConfig.model_validate({"encoder": {"dimension": 3}, "objective": {"draws": 2}})
UNQUANTIZED = CONFIG.model_copy(update={"quantizer": CONFIG.quantizer.model_copy(update={"breakpoints": 0})})


def with_draws(draws: int) -> RunConfig:
    return CONFIG.model_copy(update={"objective": CONFIG.objective.model_copy(update={"draws": draws})})


def block_of(payload: LevelPayload | RealPayload, phase: Phase = Phase.TRAIN) -> SymbolBlock:
    return SymbolBlock(1, 0, BlockKey(phase, 0, 0), np.arange(4), payload)


@given(st.integers(1, 4), st.integers(0, 2**32))
def test_returning_a_gradient_is_the_transpose_of_transmitting_a_block(draws: int, seed: int) -> None:
    """⟨A z, g⟩ = ⟨z, Aᵀ g⟩ with A the linear part of the channel: L copies of its input.

    The products are computed in double precision. Only Aᵀ g is computed in single precision, with at most L − 1
    roundings.
    """
    rng = np.random.default_rng(seed)
    symbols = rng.standard_normal((1, 6, 3)).astype(np.float32)
    gradient = rng.standard_normal((draws, 6, 3)).astype(np.float32)
    sent = AwgnChannel(CONFIG, 1).apply(symbols, np.zeros((draws, 6, 3), dtype=np.float32))
    returned = ChannelLink(with_draws(draws), 1).return_gradient(Gradient(KEY, gradient)).values
    assert returned.shape == (1, 6, 3)
    ahead, back = (np.vdot(a.astype(float), b) for a, b in ((sent, gradient), (symbols, returned)))
    rounding = (draws - 1) * np.finfo(np.float32).eps / 2
    terms = np.vdot(np.abs(sent).astype(float), np.abs(gradient))
    np.testing.assert_allclose(ahead, back, rtol=0, atol=(rounding + 1e-14) * terms)


def test_hard_symbols_leave_as_their_levels_with_noise() -> None:
    levels = np.linspace(-1, 1, 16, dtype=np.float32)
    indices = np.arange(12, dtype=np.uint8).reshape(4, 3)
    block = block_of(LevelPayload(indices, 0, levels), Phase.TEST)
    received = ChannelLink(CONFIG, 1).transmit(block).payload
    sigma = np.float32(CONFIG.noise_variance(1) ** 0.5)
    noise = gaussian_noise(0, 1, BlockKey(Phase.TEST, 0, 0), (1, 4, 3), sigma)
    assert isinstance(received, RealPayload)
    expected = levels[indices] + noise
    np.testing.assert_array_equal(received.values, expected)


def test_training_blocks_get_l_draws_and_other_blocks_get_one() -> None:
    for phase, draws in ((Phase.TRAIN, 2), (Phase.TEST, 1), (Phase.SERVE, 1), (Phase.VALIDATION, 1)):
        payload = RealPayload(np.zeros((1, 4, 3), dtype=np.float32))
        received = ChannelLink(UNQUANTIZED, 1).transmit(block_of(payload, phase)).payload
        assert isinstance(received, RealPayload)
        assert received.values.shape == (draws, 4, 3)


def test_gradients_of_all_draws_add_up() -> None:
    values = np.random.default_rng(0).standard_normal((2, 4, 3)).astype(np.float32)
    returned = ChannelLink(CONFIG, 1).return_gradient(Gradient(KEY, values))
    np.testing.assert_allclose(returned.values, values.sum(axis=0, keepdims=True), rtol=1e-6)


def test_gradients_of_one_draw_are_returned_unchanged() -> None:
    link = ChannelLink(with_draws(1), 1)
    values = np.random.default_rng(0).standard_normal((1, 4, 3)).astype(np.float32)
    np.testing.assert_array_equal(link.return_gradient(Gradient(KEY, values)).values, values)
    assert link.returns_unchanged(KEY)
    assert not ChannelLink(CONFIG, 1).returns_unchanged(KEY)


def test_blocks_for_another_link_are_refused() -> None:
    with pytest.raises(ProtocolError, match="a block for link 1 came over link 0"):
        ChannelLink(CONFIG, 0).transmit(block_of(RealPayload(np.zeros((1, 4, 3), dtype=np.float32))))


@pytest.mark.parametrize(
    ("phase", "symbols", "value", "draws", "message"),
    [
        (Phase.TRAIN, Symbols.HARD, 0.5, 2, "2 noise draws before the channel: expected 1"),
        (Phase.TRAIN, Symbols.HARD, 7.0, 1, "a symbol of size 7.0: quantized symbols are within ±1"),
        (Phase.TEST, Symbols.SOFT, -1.5, 1, "a symbol of size 1.5"),
        (Phase.TEST, Symbols.HARD, 0.5, 1, "came as RealPayload: expected level indices"),
        (Phase.SERVE, Symbols.HARD, 0.5, 1, "came as RealPayload: expected level indices"),
    ],
)
def test_symbols_that_the_radio_may_not_send_are_refused(
    phase: Phase, symbols: Symbols, value: float, draws: int, message: str
) -> None:
    link = ChannelLink(CONFIG, 1)
    link.begin_pass(symbols)
    payload = RealPayload(np.full((draws, 4, 3), value, dtype=np.float32))
    with pytest.raises(ProtocolError, match=message):
        link.transmit(block_of(payload, phase))


def test_straight_through_training_sends_level_indices() -> None:
    hard = CONFIG.quantizer.model_copy(update={"forward": "straight-through"})
    link = ChannelLink(CONFIG.model_copy(update={"quantizer": hard}), 1)
    with pytest.raises(ProtocolError, match="expected level indices"):
        link.transmit(block_of(RealPayload(np.zeros((1, 4, 3), dtype=np.float32))))


def test_later_blocks_pass_the_channel_of_the_new_settings() -> None:
    """Symbols of 0 become pure noise, whose magnitude is proportional to σ."""
    link, zeros = ChannelLink(CONFIG, 1), RealPayload(np.zeros((1, 4, 3), dtype=np.float32))
    before = link.transmit(block_of(zeros)).payload
    link.retune(CONFIG.model_copy(update={"channel": CONFIG.channel.model_copy(update={"psnr_db": 30.0})}))
    after = link.transmit(dataclasses.replace(block_of(zeros), sequence=1)).payload
    assert isinstance(before, RealPayload)
    assert isinstance(after, RealPayload)
    np.testing.assert_allclose(before.values, 10 * after.values, rtol=1e-6)
