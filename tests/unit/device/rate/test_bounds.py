import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from splitwave.common.config.registry import BOUNDS
from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.pmf import symbol_log_pmf
from splitwave.device.rate.bound import bound_named
from splitwave.device.rate.bounds.paper import PAPER
from splitwave.device.rate.bounds.prior import PRIOR, batch_log_prior
from splitwave.device.rate.bounds.tight import TIGHT
from splitwave.device.rate.gaussian import gaussian_kl, noise_kl
from splitwave.device.rate.mixture import kl_quadrature

BREAKPOINTS = [1, 2, 6, 15]
VARIANCES = [1e-3, 0.03, 0.1, 0.9, 2.0]
QUADRATURE = 1e-7
"""Accuracy of 128 nodes where neighbouring levels overlap by half, their worst case; nats."""
ROUNDING = 1e-12


def encoded(breakpoints: int, seed: int = 0, batch: int = 40) -> tuple[torch.Tensor, torch.Tensor]:
    """Log pmf, (batch, 3, T + 1), and levels of a codebook that is not uniform."""
    rng = torch.Generator().manual_seed(seed)
    codebook = Codebook(breakpoints)
    with torch.no_grad():
        for parameter in codebook.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=rng))
    mu = 2 * torch.rand(batch, 3, dtype=torch.float64, generator=rng) - 1
    theta = 0.01 + 0.5 * torch.rand(batch, 3, dtype=torch.float64, generator=rng)
    codebook = codebook.double()
    return symbol_log_pmf(mu, theta, codebook.breakpoints().detach()), codebook.levels().detach()


def mixture_on_grid(pmf: torch.Tensor, levels: torch.Tensor, variance: float) -> tuple[torch.Tensor, ...]:
    """ẑ, its spacing, and the joint density of level and ẑ, (..., T + 1, points)."""
    sigma = variance**0.5
    grid = torch.linspace(-1 - 12 * sigma, 1 + 12 * sigma, 20_001, dtype=torch.float64)
    normal = torch.exp(-0.5 * (grid - levels.unsqueeze(-1)).square() / variance) / (2 * math.pi * variance) ** 0.5
    return grid, grid[1] - grid[0], pmf.unsqueeze(-1) * normal


@pytest.mark.parametrize("breakpoints", BREAKPOINTS)
@pytest.mark.parametrize("variance", VARIANCES)
def test_quadrature_matches_integration_on_a_grid(breakpoints: int, variance: float) -> None:
    log_pmf, levels = encoded(breakpoints, batch=3)
    grid, spacing, joint = mixture_on_grid(log_pmf.exp(), levels, variance)
    density = joint.sum(-2)
    log_reference = -0.5 * (grid.square() + math.log(2 * math.pi))
    kl = spacing * (torch.xlogy(density, density) - density * log_reference).sum(-1)
    torch.testing.assert_close(kl_quadrature(log_pmf.exp(), levels, variance), kl, atol=QUADRATURE, rtol=0)


@pytest.mark.parametrize("breakpoints", BREAKPOINTS)
@pytest.mark.parametrize("variance", VARIANCES)
def test_gap_of_the_tight_bound_is_what_the_receiver_knows_of_the_level(breakpoints: int, variance: float) -> None:
    log_pmf, levels = encoded(breakpoints, batch=3)
    _, spacing, joint = mixture_on_grid(log_pmf.exp(), levels, variance)
    density = joint.sum(-2)
    entropy = spacing * (torch.xlogy(density, density) - torch.xlogy(joint, joint).sum(-2)).sum(-1)
    gap = TIGHT.definition(log_pmf, levels, variance) - kl_quadrature(log_pmf.exp(), levels, variance)
    torch.testing.assert_close(gap, math.log(breakpoints + 1) - entropy, atol=QUADRATURE, rtol=0)


@settings(max_examples=50)
@given(st.sampled_from(BREAKPOINTS), st.integers(0, 2**31), st.floats(1e-3, 3))
def test_every_bound_is_at_least_the_kl(breakpoints: int, seed: int, variance: float) -> None:
    log_pmf, levels = encoded(breakpoints, seed, batch=10)
    kl = kl_quadrature(log_pmf.exp(), levels, variance)
    prior = torch.randn(3, breakpoints + 1, generator=torch.Generator().manual_seed(seed)).double().log_softmax(-1)
    tight = TIGHT.definition(log_pmf, levels, variance)
    assert (tight >= kl - QUADRATURE).all()
    assert (PAPER.definition(log_pmf, levels, variance) >= tight - ROUNDING).all()
    assert (PRIOR.definition(log_pmf, levels, variance, prior) >= kl - QUADRATURE).all()
    assert (PRIOR.definition(log_pmf, levels, variance, batch_log_prior(log_pmf)) >= kl - QUADRATURE).all()
    for name in BOUNDS.built_in:
        assert (bound_named(name).definition(log_pmf, levels, variance) >= kl - QUADRATURE).all()


@settings(max_examples=50)
@given(st.sampled_from(BREAKPOINTS), st.integers(0, 2**31), st.floats(1e-3, 3))
def test_gap_of_the_tight_bound_is_at_most_log_of_the_levels(breakpoints: int, seed: int, variance: float) -> None:
    log_pmf, levels = encoded(breakpoints, seed, batch=10)
    gap = TIGHT.definition(log_pmf, levels, variance) - kl_quadrature(log_pmf.exp(), levels, variance)
    assert (gap >= -QUADRATURE).all()
    assert (gap <= math.log(breakpoints + 1) + QUADRATURE).all()


@pytest.mark.parametrize("breakpoints", BREAKPOINTS)
def test_batch_prior_is_the_best_prior_on_average_and_better_than_uniform(breakpoints: int) -> None:
    log_pmf, levels = encoded(breakpoints)
    best_prior = batch_log_prior(log_pmf)
    torch.testing.assert_close(best_prior.exp(), log_pmf.exp().mean(0))
    best = PRIOR.definition(log_pmf, levels, 0.1, best_prior).mean(0)
    assert (best <= TIGHT.definition(log_pmf, levels, 0.1).mean(0) + ROUNDING).all()
    rng = torch.Generator().manual_seed(0)
    for _ in range(20):
        other = torch.randn(best_prior.shape, generator=rng, dtype=torch.float64).log_softmax(-1)
        assert (best <= PRIOR.definition(log_pmf, levels, 0.1, other).mean(0) + ROUNDING).all()


def test_uniform_prior_gives_the_tight_bound() -> None:
    log_pmf, levels = encoded(6)
    uniform = torch.full((7,), -math.log(7), dtype=torch.float64)
    torch.testing.assert_close(PRIOR.definition(log_pmf, levels, 0.1, uniform), TIGHT.definition(log_pmf, levels, 0.1))


def test_paper_bound_exceeds_the_tight_one_by_half_the_mean_square_level() -> None:
    log_pmf, levels = encoded(6)
    excess = PAPER.definition(log_pmf, levels, 0.1) - TIGHT.definition(log_pmf, levels, 0.1)
    torch.testing.assert_close(excess, 0.5 * (log_pmf.exp() * levels**2).sum(-1))


def test_tight_bound_is_exact_for_a_certain_level_up_to_log_of_the_levels() -> None:
    # One level of probability 1: D = KL(N(c, σ²) ‖ N(0, 1)), and the receiver's uncertainty of the level is 0.
    log_pmf = torch.tensor([-800.0, 0.0, -800.0], dtype=torch.float64)
    levels = torch.tensor([-1.0, 0.2, 1.0], dtype=torch.float64)
    kl = noise_kl(0.1) + 0.5 * 0.2**2
    assert kl_quadrature(log_pmf.exp(), levels, 0.1).item() == pytest.approx(kl, abs=1e-13)
    assert TIGHT.definition(log_pmf, levels, 0.1).item() == pytest.approx(kl + math.log(3), abs=1e-13)


def test_gaussian_kl_matches_torch_distributions() -> None:
    mu = torch.linspace(-1, 1, 7, dtype=torch.float64)
    theta = torch.linspace(0.01, 2, 7, dtype=torch.float64)
    sent = torch.distributions.Normal(mu, (theta**2 + 0.3).sqrt())
    reference = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    torch.testing.assert_close(gaussian_kl(mu, theta, 0.3), torch.distributions.kl_divergence(sent, reference))


@pytest.mark.parametrize("variance", [0.0, -1.0, math.nan])
def test_a_link_without_noise_is_refused(variance: float) -> None:
    with pytest.raises(ValueError, match="σ² > 0"):
        TIGHT.definition(*encoded(1), variance)


def test_gradients_match_finite_differences() -> None:
    log_pmf, levels = encoded(4, batch=2)
    arguments = log_pmf.requires_grad_(), levels.requires_grad_()
    prior = torch.full((5,), -math.log(5), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda p, c: TIGHT.definition(p, c, 0.1), arguments)
    assert torch.autograd.gradcheck(lambda p, c: PRIOR.definition(p, c, 0.1, prior), arguments)
