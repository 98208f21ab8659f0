import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from splitwave.channel.models.awgn import gaussian_noise
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.experiments.vddib_sr.channel import SymbolChannel
from splitwave.experiments.vddib_sr.codec import Logits
from splitwave.experiments.vddib_sr.extractor import Features
from splitwave.experiments.vddib_sr.noise import sample_features
from splitwave.experiments.vddib_sr.objective import distributed_loss, gaussian_rate

KEY = BlockKey(Phase.TRAIN, 7, 0)


def test_the_rate_is_the_kl_divergence_to_the_standard_normal_in_nats() -> None:
    rng = torch.Generator().manual_seed(0)
    mean = 10 * torch.randn(6, 4, generator=rng, dtype=torch.float64)
    sigma = torch.rand(6, 4, generator=rng, dtype=torch.float64) + 1e-3
    expected = kl_divergence(Normal(mean, sigma), Normal(0.0, 1.0)).sum(dim=1).mean()
    torch.testing.assert_close(gaussian_rate(Features(mean, sigma)), expected)
    assert gaussian_rate(Features(torch.zeros(2, 3), torch.ones(2, 3))).item() == 0.0


def test_the_loss_weighs_only_the_views_own_decoders_by_beta() -> None:
    """With logits log p, the cross-entropy is −log p of the label's class."""

    def log_probabilities(p: float) -> torch.Tensor:
        return torch.tensor([[p, 1 - p]], dtype=torch.float64).log()

    logits = Logits(
        first=log_probabilities(0.5),
        second=log_probabilities(0.25),
        views=[log_probabilities(0.1), log_probabilities(0.2)],
    )
    loss = distributed_loss(logits, torch.tensor([0]), beta=0.3).item()
    assert loss == pytest.approx(-math.log(0.5) - math.log(0.25) - 0.3 * (math.log(0.1) + math.log(0.2)))


def test_an_ideal_link_delivers_the_sent_symbols() -> None:
    sent = [torch.tensor([[1.0, -1.0]]), torch.tensor([[-1.0, 1.0]])]
    assert all(map(torch.equal, SymbolChannel(0, 2, None).transmit(sent, KEY), sent))


def test_the_awgn_link_is_the_channel_of_the_testbed_link_by_link() -> None:
    sent = [torch.ones(4, 3), -torch.ones(4, 3)]
    received = SymbolChannel(5, 2, 10.0).transmit(sent, KEY)
    for link, (before, after) in enumerate(zip(sent, received, strict=True)):
        noise = gaussian_noise(5, link, KEY, (1, 4, 3), np.float32(0.1**0.5))
        assert torch.equal(after, before + torch.from_numpy(noise[0]))


def test_the_gradient_passes_the_awgn_link_unchanged() -> None:
    sent = torch.zeros(4, 3, requires_grad=True)
    weights = torch.arange(12.0).reshape(4, 3)
    (SymbolChannel(5, 1, 0.0).transmit([sent], KEY)[0] * weights).sum().backward()  # type: ignore[no-untyped-call]
    assert sent.grad is not None
    assert torch.equal(sent.grad, weights)


def test_features_are_sampled_with_their_mean_and_sigma_by_keyed_noise() -> None:
    """Mean and variance of n standard normals have standard deviations 1/√n and √(2/n); five of them are allowed."""
    shape = 400, 100
    features = Features(torch.full(shape, 3.0), torch.full(shape, 0.5))
    standard = (sample_features(features, 0, 1, 2).double() - 3.0) / 0.5
    n = standard.numel()
    assert abs(standard.mean().item()) < 5 / math.sqrt(n)
    assert abs(standard.square().mean().item() - 1) < 5 * math.sqrt(2 / n)
    assert torch.equal(sample_features(features, 0, 1, 2), sample_features(features, 0, 1, 2))
    for other in ((1, 1, 2), (0, 0, 2), (0, 1, 3)):
        assert not torch.isin(sample_features(features, *other), sample_features(features, 0, 1, 2)).all()
