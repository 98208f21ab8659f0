import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from splitwave.common.config.registry import BUILT_IN_BACKBONES
from splitwave.common.config.sections import EncoderSettings
from splitwave.common.learning.backbones.backbone import make_encoder
from splitwave.common.learning.backbones.encoder import MIN_THETA, START_THETA, GaussianEncoder
from splitwave.common.learning.initialisation import initialise_linear_layers


def plain(layer: object) -> nn.Linear:
    assert isinstance(layer, nn.Linear)
    return layer


def test_the_mean_is_the_tanh_of_its_head_and_theta_is_the_floored_softplus_of_its_head() -> None:
    encoder = GaussianEncoder(5, 3).double()
    initialise_linear_layers(encoder, seed=1, party=0)
    x = torch.randn(7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    mu, theta = encoder(x)
    torch.testing.assert_close(mu, torch.tanh(x @ plain(encoder.mean).weight.T + plain(encoder.mean).bias))
    offset = math.log(math.expm1(START_THETA - MIN_THETA))
    spread = x @ plain(encoder.spread).weight.T + plain(encoder.spread).bias + offset
    torch.testing.assert_close(theta, functional.softplus(spread) + MIN_THETA)


def test_theta_has_its_start_value_if_the_head_outputs_zero() -> None:
    encoder = GaussianEncoder(5, 3)
    with torch.no_grad():
        plain(encoder.spread).weight.zero_()
        plain(encoder.spread).bias.zero_()
    _, theta = encoder(torch.ones(2, 5))
    torch.testing.assert_close(theta, torch.full((2, 3), START_THETA))


@pytest.mark.parametrize("bias", [-1e4, 1e4])
def test_theta_keeps_its_floor_and_finite_gradients_at_extreme_biases(bias: float) -> None:
    encoder = GaussianEncoder(5, 3)
    with torch.no_grad():
        plain(encoder.spread).bias.fill_(bias)
    mu, theta = encoder(torch.ones(2, 5))
    (mu.sum() + theta.sum()).backward()
    assert theta.min().item() >= MIN_THETA
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in encoder.parameters())


def test_the_mlp_has_two_hidden_layers_before_its_heads() -> None:
    encoder = make_encoder(EncoderSettings(backbone="mlp", dimension=3), (1, 1, 5)).double()
    initialise_linear_layers(encoder, seed=1, party=0)
    x = torch.randn(7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weights = encoder.state_dict()
    hidden = torch.relu(x @ weights["trunk.0.weight"].T + weights["trunk.0.bias"])
    hidden = torch.relu(hidden @ weights["trunk.2.weight"].T + weights["trunk.2.bias"])
    assert hidden.shape == (7, 256)
    torch.testing.assert_close(
        encoder(x)[0], torch.tanh(hidden @ plain(encoder.mean).weight.T + plain(encoder.mean).bias)
    )


@pytest.mark.parametrize(("backbone", "numbers"), [("linear", 2 * (392 * 57 + 57)), ("mlp", 195_698)])
def test_networks_have_the_papers_sizes(backbone: str, numbers: int) -> None:
    # mlp: 392·256 + 256 + 256·256 + 256 + 2·(256·57 + 57)
    encoder = make_encoder(EncoderSettings(backbone=backbone, dimension=57), (1, 14, 28))
    assert sum(parameter.numel() for parameter in encoder.parameters()) == numbers


@pytest.mark.parametrize("backbone", BUILT_IN_BACKBONES)
def test_mean_of_gives_the_mean_of_the_forward_pass(backbone: str) -> None:
    encoder = make_encoder(EncoderSettings(backbone=backbone, dimension=8), (1, 14, 28))
    initialise_linear_layers(encoder, seed=1, party=0)
    x = torch.rand(5, 392, generator=torch.Generator().manual_seed(0))
    assert torch.equal(encoder.mean_of(x), encoder(x)[0])
