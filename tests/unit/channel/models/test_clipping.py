"""Clipping, its gradient against torch's autograd, and the place that a nonlinear model must have."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.models.awgn import gaussian_noise
from splitwave.channel.models.clipping import ClippingChannel
from splitwave.channel.models.composite import link_channel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError, ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey, RealPayload, SymbolBlock
from splitwave.common.protocol.channel_model import NonlinearModel, check_rate_noise, rate_noise_variances
from splitwave.common.protocol.messages import Gradient
from splitwave.common.protocol.phases import Phase
from tests.unit.channel.models import laws

CLIPPING = {"name": "clipping", "amplitude": 0.5}
BURSTS = {"name": "erasures", "probability": 0.3}
CHAINS = [CLIPPING, [CLIPPING, "awgn"], [CLIPPING, BURSTS, "awgn"], [CLIPPING, "awgn", BURSTS]]


def config_of(model: object, draws: int = 2) -> RunConfig:
    config = laws.config_of(model)
    return config.model_copy(
        update={
            "objective": config.objective.model_copy(update={"draws": draws}),
            "quantizer": config.quantizer.model_copy(update={"breakpoints": 0}),
        }
    )


def sent(link: ChannelLink, key: BlockKey, values: Float32, sequence: int = 0) -> Float32:
    payload = link.transmit(SymbolBlock(1, sequence, key, np.arange(values.shape[1]), RealPayload(values))).payload
    assert isinstance(payload, RealPayload)
    return payload.values


@given(st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=30), st.floats(0.125, 2, width=32), st.integers(1, 3))
def test_values_and_gradients_are_those_of_torch(values: list[float], amplitude: float, draws: int) -> None:
    """To the bit, also for symbols that are exactly ±A."""
    symbols = np.array([*values, amplitude, -amplitude], dtype=np.float32)[None, None]
    channel = ClippingChannel(RunConfig(), 0, amplitude=amplitude)
    realisation = channel.draw(laws.KEY, (draws, 1, symbols.shape[-1]))
    gradient = np.random.default_rng(0).standard_normal((draws, *symbols.shape[1:])).astype(np.float32)
    z = torch.tensor(symbols, requires_grad=True)
    clipped = z.clamp(-amplitude, amplitude).expand(draws, -1, -1)
    np.testing.assert_array_equal(channel.apply(symbols, realisation), clipped.detach().numpy())
    back = channel.adjoint_at(gradient, realisation, symbols)
    torch.autograd.backward(clipped, torch.from_numpy(gradient))
    assert z.grad is not None
    assert back.shape == gradient.shape
    np.testing.assert_allclose(back.sum(axis=0, keepdims=True), z.grad.numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("modulation", ["qpsk", "16-qam"])
@given(st.integers(1, 9), st.floats(0.125, 2, width=32), st.integers(1, 3), st.integers(0, 2**32))
def test_a_symbol_of_i_and_q_is_bounded_in_magnitude_and_keeps_its_phase(
    modulation: str, reals: int, amplitude: float, draws: int, seed: int
) -> None:
    """Values and gradients are those of torch, also of a last real without a partner."""
    rng = np.random.default_rng(seed)
    symbols = rng.standard_normal((1, 5, reals)).astype(np.float32)
    channel = ClippingChannel(laws.config_of("awgn", digital={"modulation": modulation}), 0, amplitude=amplitude)
    realisation = channel.draw(laws.KEY, (draws, 5, reals))
    gradient = rng.standard_normal((draws, 5, reals)).astype(np.float32)
    z = torch.tensor(symbols, requires_grad=True)
    i_and_q = torch.nn.functional.pad(z, (0, reals % 2)).reshape(1, 5, -1, 2)
    factors = (amplitude / torch.linalg.vector_norm(i_and_q, dim=-1, keepdim=True)).clamp(max=1)
    clipped = (i_and_q * factors).flatten(-2)[..., :reals].expand(draws, -1, -1)
    received, back = channel.apply(symbols, realisation), channel.adjoint_at(gradient, realisation, symbols)
    np.testing.assert_allclose(received, clipped.detach().numpy(), rtol=1e-6, atol=1e-6)
    torch.autograd.backward(clipped, torch.from_numpy(gradient))
    assert z.grad is not None
    assert received.dtype == back.dtype == np.float32
    np.testing.assert_allclose(back.sum(axis=0, keepdims=True), z.grad.numpy(), rtol=1e-5, atol=1e-5)


def test_symbols_within_the_amplitude_pass_to_the_bit_and_none_is_beyond_it() -> None:
    channel = ClippingChannel(laws.config_of("awgn", digital={"modulation": "qpsk"}), 0, amplitude=1.0)
    symbols = np.array([[[0.6, 0.8, 0.9, 0.9, -1.5, 2.0, 0.0, 0.0]]], dtype=np.float32)
    received = channel.apply(symbols, 1)
    np.testing.assert_array_equal(received[..., [0, 1, 6, 7]], symbols[..., [0, 1, 6, 7]])
    np.testing.assert_allclose(received[0, 0, 2:6], [0.5**0.5, 0.5**0.5, -0.6, 0.8], rtol=1e-6)
    np.testing.assert_array_equal(channel.adjoint_at(np.ones_like(symbols), 1, symbols)[..., [0, 1, 6, 7]], 1.0)


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("model", CHAINS, ids=str)
def test_the_emulator_returns_the_gradient_that_autograd_has(model: object, draws: int) -> None:
    """Through the chain with the mask and the noise that it drew for the block."""
    config = config_of(model, draws)
    link, symbols, gradient = ChannelLink(config, 1), laws.random(1, 6, 3), laws.random(draws, 6, 3)
    received = sent(link, laws.KEY, symbols)
    lost = np.ones((draws, 6, 3), dtype=np.float32)
    if isinstance(model, list) and BURSTS in model:
        lost = link_channel(config.model_copy(update={"channel": laws.config_of(BURSTS).channel}), 1).draw(
            laws.KEY, (draws, 6, 3)
        )
    noise = np.zeros_like(lost)
    if isinstance(model, list):
        noise = gaussian_noise(config.seed, 1, laws.KEY, (draws, 6, 3), np.float32(config.noise_variance(1) ** 0.5))
        noise = noise * lost if model[-1] is BURSTS else noise
    z = torch.tensor(symbols.copy(), requires_grad=True)
    expected = z.clamp(-0.5, 0.5) * torch.from_numpy(lost) + torch.from_numpy(noise)
    np.testing.assert_allclose(received, expected.detach().numpy(), atol=1e-6)
    torch.autograd.backward(expected, torch.from_numpy(gradient.copy()))
    assert z.grad is not None
    assert not link.returns_unchanged(laws.KEY)
    np.testing.assert_allclose(link.return_gradient(Gradient(laws.KEY, gradient)).values, z.grad.numpy(), atol=1e-6)


@pytest.mark.parametrize("draws", [1, 3])
@pytest.mark.parametrize("model", CHAINS, ids=str)
def test_outputs_have_the_shape_and_type_of_all_models(model: object, draws: int) -> None:
    channel = link_channel(laws.config_of(model), 1)
    assert isinstance(channel, NonlinearModel)
    received = laws.passed(channel, laws.KEY, laws.random(1, 6, 3), draws)
    assert received.shape == (draws, 6, 3)
    assert received.dtype == np.float32


def test_each_micro_batch_meets_the_mask_of_its_own_symbols() -> None:
    link = ChannelLink(config_of(CLIPPING, draws=1), 1)
    keys = [BlockKey(Phase.TRAIN, 3, number) for number in range(3)]
    blocks = [np.random.default_rng(number).uniform(-1, 1, (1, 6, 3)).astype(np.float32) for number in range(3)]
    for number, (key, symbols) in enumerate(zip(keys, blocks, strict=True)):
        sent(link, key, symbols, number)
    ones = np.ones((1, 6, 3), dtype=np.float32)
    for number in (1, 0, 2):
        back = link.return_gradient(Gradient(keys[number], ones)).values
        np.testing.assert_array_equal(back, np.abs(blocks[number]) <= 0.5)


def test_a_gradient_without_its_block_is_refused_and_none_is_used_twice() -> None:
    link, ones = ChannelLink(config_of(CLIPPING, draws=1), 1), np.ones((1, 6, 3), dtype=np.float32)
    message = "a gradient for train step 3 micro-batch 1 came over link 1, but not its block before"
    with pytest.raises(ProtocolError, match=message):
        link.return_gradient(Gradient(laws.KEY, ones))
    sent(link, laws.KEY, ones)
    link.return_gradient(Gradient(laws.KEY, ones))
    with pytest.raises(ProtocolError, match=message):
        link.return_gradient(Gradient(laws.KEY, ones))


def test_blocks_of_earlier_steps_and_of_passes_are_not_kept() -> None:
    link, ones = ChannelLink(config_of(CLIPPING, draws=1), 1), np.ones((1, 6, 3), dtype=np.float32)
    sent(link, laws.KEY, ones)
    sent(link, BlockKey(Phase.TRAIN, 4, 0), ones, 1)
    sent(link, BlockKey(Phase.TEST, 0, 0), ones, 2)
    for key in (laws.KEY, BlockKey(Phase.TEST, 0, 0)):
        with pytest.raises(ProtocolError, match="but not its block before"):
            link.return_gradient(Gradient(key, ones))


@pytest.mark.parametrize("model", [["awgn", CLIPPING], [BURSTS, CLIPPING, "awgn"], [["awgn"], ["awgn", CLIPPING]]])
def test_clipping_behind_another_model_is_refused(model: object) -> None:
    with pytest.raises(ConfigError, match=r"clipping is number 2 of its list, but is nonlinear.* must be the first"):
        check_rate_noise(laws.config_of(model))
    with pytest.raises(ConfigError, match="must be the first"):
        link_channel(laws.config_of(model), 1)


def test_the_rate_is_that_of_the_link_without_clipping() -> None:
    config = laws.config_of([CLIPPING, "awgn"], psnr_db=10.0)
    np.testing.assert_allclose(rate_noise_variances(config, 1, laws.KEY), [0.1])


@pytest.mark.parametrize("amplitude", [0, -1, "loud", float("inf")])
def test_an_amplitude_that_is_not_positive_is_refused(amplitude: object) -> None:
    with pytest.raises(ConfigError, match=rf"link 0: amplitude = {amplitude}: expected a number in"):
        check_rate_noise(laws.config_of([{"name": "clipping", "amplitude": amplitude}, "awgn"]))
