import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.models.awgn import AwgnChannel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase, Symbols

KEY = BlockKey(Phase.TRAIN, 3, 1)


def channel_of(psnr_db: float = 10.0, seed: int = 0, link: int = 0) -> AwgnChannel:
    return AwgnChannel(seed=seed, link=link, noise_variance=10 ** (-psnr_db / 10))


@pytest.mark.parametrize("psnr_db", [-5.0, 0.0, 10.0, 20.0])
def test_the_noise_has_the_variance_that_the_psnr_says(psnr_db: float) -> None:
    """The sample variance of n normals has standard deviation σ²·√(2/n); five of them bound it."""
    noise = channel_of(psnr_db).draw(KEY, 4, 500, 100).astype(np.float64)
    variance, n = 10 ** (-psnr_db / 10), noise.size
    assert abs(np.mean(noise**2) - variance) < 5 * variance * np.sqrt(2 / n)
    assert abs(noise.mean()) < 5 * np.sqrt(variance / n)
    measured_psnr_db = 10 * np.log10(1 / np.mean(noise**2))
    assert abs(measured_psnr_db - psnr_db) < 5 * 10 / np.log(10) * np.sqrt(2 / n)


def test_the_noise_is_normal_white_and_independent_between_draws() -> None:
    noise = channel_of(0.0).draw(KEY, 2, 400, 250).astype(np.float64)
    n = noise[0].size
    kurtosis = np.mean(noise**4)
    assert abs(kurtosis - 3) < 5 * np.sqrt(96 / noise.size)
    assert abs(np.mean(noise[0] * noise[1])) < 5 / np.sqrt(n)
    assert abs(np.mean(noise[0][:, 1:] * noise[0][:, :-1])) < 5 / np.sqrt(n)


def test_equal_blocks_meet_equal_noise_and_others_do_not() -> None:
    channel = channel_of()
    first = channel.draw(KEY, 1, 8, 4)
    np.testing.assert_array_equal(first, channel_of().draw(KEY, 1, 8, 4))
    others = [
        channel_of(seed=1).draw(KEY, 1, 8, 4),
        channel_of(link=1).draw(KEY, 1, 8, 4),
        channel.draw(BlockKey(Phase.TEST, 3, 1), 1, 8, 4),
        channel.draw(BlockKey(Phase.TRAIN, 4, 1), 1, 8, 4),
        channel.draw(BlockKey(Phase.TRAIN, 3, 2), 1, 8, 4),
    ]
    assert all(np.intersect1d(first, other).size == 0 for other in others)


def test_a_draw_is_the_same_however_many_follow_it() -> None:
    channel = channel_of()
    np.testing.assert_array_equal(channel.draw(KEY, 3, 8, 4)[:1], channel.draw(KEY, 1, 8, 4))


@given(st.integers(1, 4), st.integers(0, 2**32))
def test_adjoint_is_the_transpose_of_apply(draws: int, seed: int) -> None:
    """⟨A z, g⟩ = ⟨z, Aᵀ g⟩ with A the linear part of the channel: L copies of its input.

    The products are taken in double precision; in single precision Aᵀ g alone is rounded, L − 1 times at most.
    """
    rng = np.random.default_rng(seed)
    symbols = rng.standard_normal((1, 6, 3)).astype(np.float32)
    gradient = rng.standard_normal((draws, 6, 3)).astype(np.float32)
    sent = AwgnChannel.apply(symbols, np.zeros((draws, 6, 3), dtype=np.float32))
    returned = AwgnChannel.adjoint(gradient)
    assert returned.shape == (1, 6, 3)
    ahead, back = (np.vdot(a.astype(float), b) for a, b in ((sent, gradient), (symbols, returned)))
    rounding = (draws - 1) * np.finfo(np.float32).eps / 2
    terms = np.vdot(np.abs(sent).astype(float), np.abs(gradient))
    np.testing.assert_allclose(ahead, back, rtol=0, atol=(rounding + 1e-14) * terms)


class TestChannelLink:
    config = RunConfig.model_validate({"encoder": {"dimension": 3}, "objective": {"draws": 2}})
    unquantized = config.model_copy(update={"quantizer": config.quantizer.model_copy(update={"breakpoints": 0})})

    def block(self, payload: LevelPayload | RealPayload, phase: Phase = Phase.TRAIN) -> SymbolBlock:
        return SymbolBlock(1, 0, BlockKey(phase, 0, 0), np.arange(4), payload)

    def test_hard_symbols_leave_as_their_levels_with_noise(self) -> None:
        levels = np.linspace(-1, 1, 16, dtype=np.float32)
        indices = np.arange(12, dtype=np.uint8).reshape(4, 3)
        block = self.block(LevelPayload(indices, 0, levels), Phase.TEST)
        received = ChannelLink(self.config, 1).transmit(block).payload
        noise = AwgnChannel(seed=0, link=1, noise_variance=self.config.noise_variance(1))
        assert isinstance(received, RealPayload)
        expected = levels[indices] + noise.draw(BlockKey(Phase.TEST, 0, 0), 1, 4, 3)
        np.testing.assert_array_equal(received.values, expected)

    def test_training_blocks_are_drawn_l_times_and_others_once(self) -> None:
        for phase, draws in ((Phase.TRAIN, 2), (Phase.TEST, 1), (Phase.SERVE, 1), (Phase.VALIDATION, 1)):
            payload = RealPayload(np.zeros((1, 4, 3), dtype=np.float32))
            received = ChannelLink(self.unquantized, 1).transmit(self.block(payload, phase)).payload
            assert isinstance(received, RealPayload)
            assert received.values.shape == (draws, 4, 3)

    def test_gradients_of_all_draws_add_up(self) -> None:
        values = np.random.default_rng(0).standard_normal((2, 4, 3)).astype(np.float32)
        returned = ChannelLink(self.config, 1).return_gradient(Gradient(KEY, values))
        np.testing.assert_allclose(returned.values, values.sum(axis=0, keepdims=True), rtol=1e-6)

    def test_gradients_of_one_draw_come_back_as_they_are(self) -> None:
        objective = self.config.objective.model_copy(update={"draws": 1})
        link = ChannelLink(self.config.model_copy(update={"objective": objective}), 1)
        values = np.random.default_rng(0).standard_normal((1, 4, 3)).astype(np.float32)
        np.testing.assert_array_equal(link.return_gradient(Gradient(KEY, values)).values, values)
        assert link.returns_gradients_unchanged
        assert not ChannelLink(self.config, 1).returns_gradients_unchanged

    def test_blocks_for_another_link_are_refused(self) -> None:
        with pytest.raises(ProtocolError, match="a block for link 1 came over link 0"):
            ChannelLink(self.config, 0).transmit(self.block(RealPayload(np.zeros((1, 4, 3), dtype=np.float32))))

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
    def test_what_a_radio_may_not_send_is_refused(
        self, phase: Phase, symbols: Symbols, value: float, draws: int, message: str
    ) -> None:
        link = ChannelLink(self.config, 1)
        link.symbols = symbols
        payload = RealPayload(np.full((draws, 4, 3), value, dtype=np.float32))
        with pytest.raises(ProtocolError, match=message):
            link.transmit(self.block(payload, phase))

    def test_straight_through_training_sends_level_indices(self) -> None:
        hard = self.config.quantizer.model_copy(update={"forward": "straight-through"})
        link = ChannelLink(self.config.model_copy(update={"quantizer": hard}), 1)
        with pytest.raises(ProtocolError, match="expected level indices"):
            link.transmit(self.block(RealPayload(np.zeros((1, 4, 3), dtype=np.float32))))
