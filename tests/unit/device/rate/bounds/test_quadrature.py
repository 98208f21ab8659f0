"""The bound `quadrature` of a training step; what holds for every bound is in test_fused."""

import math
from itertools import product
from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.pmf import symbol_log_pmf, symbol_pmf
from splitwave.device.rate.bounds.quadrature import SPACING, quadrature_rate
from splitwave.device.rate.bounds.tight import TIGHT
from splitwave.device.rate.gaussian import noise_kl
from splitwave.device.rate.mixture import kl_quadrature
from tests.unit.single_rounding import single_tolerances

BREAKPOINTS = [1, 3, 15, 255]
PSNRS_DB = [-10.0, 0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0]
ACCURACY = 3e-6
"""Nats an element, of the spacing of points."""


class Batch(NamedTuple):
    mu: Tensor
    theta: Tensor
    breakpoints: Tensor
    levels: Tensor


def draw(breakpoints: int, dtype: torch.dtype = torch.float64, samples: int = 8) -> Batch:
    """Three features, sharp to wide, of a codebook that is not uniform; the same numbers in every dtype."""
    rng = torch.Generator().manual_seed(breakpoints)
    codebook = Codebook(breakpoints)
    with torch.no_grad():
        for parameter in codebook.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=rng))
    mu, theta = torch.rand(2, samples, 3, generator=rng)
    leaves = (2 * mu - 1, 0.02 + 0.5 * theta**2, codebook.breakpoints(), codebook.levels())
    return Batch(*(leaf.detach().to(dtype).requires_grad_() for leaf in leaves))


def variance_at(psnr_db: float) -> float:
    return float(10 ** (-psnr_db / 10))


def definition(batch: Batch, variance: float) -> Tensor:
    return kl_quadrature(symbol_pmf(batch.mu, batch.theta, batch.breakpoints), batch.levels, variance)


def value_and_gradient(batch: Batch, variance: float) -> tuple[Tensor, ...]:
    rate = quadrature_rate(*batch, variance)
    return rate, *torch.autograd.grad(rate, batch)


def plain_value_and_gradient(batch: Batch, variance: float) -> tuple[Tensor, ...]:
    """The rate by the same rule, all operations torch's, without the constants that `quadrature_rate` leaves out."""
    pmf, levels, sigma = symbol_pmf(batch.mu, batch.theta, batch.breakpoints), batch.levels, variance**0.5
    points = torch.arange(-1 / sigma - 6, 1 / sigma + 6, SPACING).double()
    densities = torch.exp(-0.5 * (points - levels.unsqueeze(1) / sigma).square()) / math.sqrt(2 * math.pi)
    log_mixture = (pmf @ densities).clamp_min(torch.finfo(torch.float32).tiny).log()
    rate = (pmf * (0.5 * levels.square() + SPACING * log_mixture @ densities.T + noise_kl(variance))).sum()
    return rate, *torch.autograd.grad(rate, batch)


@pytest.mark.parametrize("breakpoints", BREAKPOINTS)
@pytest.mark.parametrize("psnr_db", PSNRS_DB)
def test_every_element_is_as_near_to_the_definition_as_promised(breakpoints: int, psnr_db: float) -> None:
    batch, variance = draw(breakpoints), variance_at(psnr_db)
    expected = definition(batch, variance)
    for i, j in product(range(8), range(3)):
        element = batch._replace(mu=batch.mu[i : i + 1, j : j + 1], theta=batch.theta[i : i + 1, j : j + 1])
        assert quadrature_rate(*element, variance).item() == pytest.approx(expected[i, j].item(), abs=ACCURACY)


@pytest.mark.parametrize("breakpoints", BREAKPOINTS)
@pytest.mark.parametrize("psnr_db", [0.0, 10.0, 20.0, 30.0])
def test_gradients_are_those_of_the_definition(breakpoints: int, psnr_db: float) -> None:
    batch, variance = draw(breakpoints), variance_at(psnr_db)
    expected = torch.autograd.grad(definition(batch, variance).sum(), batch)
    # The largest element of all is the scale: a breakpoint's gradient is a sum over elements, which may cancel.
    largest = max(gradient.abs().max().item() for gradient in expected)
    for one, other in zip(value_and_gradient(batch, variance)[1:], expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=5e-5 * largest)


@pytest.mark.parametrize("breakpoints", [1, 3])
@pytest.mark.parametrize("psnr_db", [3.0, 10.0, 20.0])
def test_gradients_match_finite_differences(breakpoints: int, psnr_db: float) -> None:
    batch, variance = draw(breakpoints, samples=2), variance_at(psnr_db)
    assert torch.autograd.gradcheck(lambda *leaves: quadrature_rate(*Batch(*leaves), variance), tuple(batch))


@pytest.mark.parametrize("breakpoints", BREAKPOINTS)
@pytest.mark.parametrize("psnr_db", [0.0, 10.0, 20.0, 40.0])
def test_single_precision_is_as_accurate_as_its_inputs(breakpoints: int, psnr_db: float) -> None:
    variance = variance_at(psnr_db)
    batch = draw(breakpoints)
    actual = value_and_gradient(draw(breakpoints, torch.float32), variance)
    tolerances = single_tolerances(lambda: plain_value_and_gradient(batch, variance))
    for one, other, tolerance in zip(actual, value_and_gradient(batch, variance), tolerances, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("breakpoints", BREAKPOINTS)
@pytest.mark.parametrize("psnr_db", [-100.0, 150.0])
def test_extreme_links_give_the_limits_and_finite_gradients(
    dtype: torch.dtype, breakpoints: int, psnr_db: float
) -> None:
    """A useless link tells nothing of the level, a perfect one all of it: I(Z̃; Ẑ | x) is 0 or H(Z̃ | x)."""
    batch, variance = draw(breakpoints, dtype), variance_at(psnr_db)
    rate, *gradients = value_and_gradient(batch, variance)
    log_pmf = symbol_log_pmf(batch.mu, batch.theta, batch.breakpoints).double()
    known = 0.0 if psnr_db < 0 else -(log_pmf.exp() * log_pmf).sum().item()
    energy = 0.5 * (log_pmf.exp() * batch.levels.double().square()).sum().item()
    expected = batch.mu.numel() * noise_kl(variance) + energy - known
    assert rate.item() == pytest.approx(expected, rel=1e-5)
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("breakpoints", BREAKPOINTS)
@pytest.mark.parametrize("psnr_db", PSNRS_DB)
def test_it_lies_below_the_tight_bound_by_at_most_the_log_of_the_levels(breakpoints: int, psnr_db: float) -> None:
    batch, variance = draw(breakpoints), variance_at(psnr_db)
    log_pmf = symbol_log_pmf(batch.mu, batch.theta, batch.breakpoints)
    gap = (TIGHT.definition(log_pmf, batch.levels, variance).sum() - quadrature_rate(*batch, variance)).item()
    count = batch.mu.numel()
    assert -count * ACCURACY <= gap <= count * (math.log(breakpoints + 1) + ACCURACY)


def test_a_certain_level_costs_its_own_kl() -> None:
    # θ so small that only the level between the breakpoints is left: D = KL(N(0.2, σ²) ‖ N(0, 1)).
    levels, breakpoints = torch.tensor([-1.0, 0.2, 1.0]).double(), torch.tensor([-0.5, 0.5]).double()
    mu, theta = torch.zeros(4, 2).double(), torch.full((4, 2), 1e-3).double()
    expected = 8 * (noise_kl(0.1) + 0.5 * 0.2**2)
    assert quadrature_rate(mu, theta, breakpoints, levels, 0.1).item() == pytest.approx(expected, abs=1e-6)


def test_levels_that_coincide_count_as_one() -> None:
    batch = draw(3)
    doubled = torch.cat([batch.levels[:2], batch.levels[1:3]]).detach()
    merged = batch._replace(breakpoints=batch.breakpoints[[0, 2]], levels=doubled[[0, 1, 3]])
    actual = quadrature_rate(batch.mu, batch.theta, batch.breakpoints, doubled, 0.1)
    assert actual.item() == pytest.approx(quadrature_rate(*merged, 0.1).item(), abs=1e-9)


def test_cutting_a_batch_into_micro_batches_changes_nothing() -> None:
    batch = draw(15)
    whole = value_and_gradient(batch, 0.1)
    parts = [
        quadrature_rate(batch.mu[cut], batch.theta[cut], batch.breakpoints, batch.levels, 0.1)
        for cut in (slice(3), slice(3, 8))
    ]
    summed = sum(parts[1:], parts[0])
    double = torch.finfo(torch.float64).eps / torch.finfo(torch.float32).eps
    tolerances = single_tolerances(lambda: plain_value_and_gradient(batch, 0.1))
    for one, other, tolerance in zip((summed, *torch.autograd.grad(summed, batch)), whole, tolerances, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=double * tolerance)


def test_halving_the_spacing_changes_d_by_less_than_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = draw(15)
    coarse = quadrature_rate(*batch, 0.01).item()
    monkeypatch.setattr("splitwave.device.rate.bounds.quadrature.SPACING", SPACING / 2)
    assert quadrature_rate(*batch, 0.01).item() == pytest.approx(coarse, abs=batch.mu.numel() * ACCURACY)


def test_a_link_without_noise_is_refused() -> None:
    with pytest.raises(ValueError, match=r"noise variance 0\.0"):
        quadrature_rate(*draw(1), 0.0)
