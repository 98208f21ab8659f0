from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from splitwave.common.config.registry import BOUNDS
from splitwave.device.quantization import cells
from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.fused import Grid, quantize
from splitwave.device.quantization.pmf import symbol_log_pmf
from splitwave.device.quantization.quantizer import hard_quantize, soft_quantize
from splitwave.device.rate.bound import bound_named
from splitwave.device.rate.bounds.prior import batch_log_prior
from splitwave.device.rate.fused import bound_rate
from splitwave.device.rate.level_costs import LevelCostBound
from tests.unit.single_rounding import single_tolerances

VARIANCE = 0.1
NAMES = list(BOUNDS.built_in)
UPPER_BOUNDS = [name for name in NAMES if isinstance(bound_named(name), LevelCostBound)]
every_upper_bound = pytest.mark.parametrize("bound", UPPER_BOUNDS)
every_bound = pytest.mark.parametrize("bound", NAMES)
both_modes = pytest.mark.parametrize("straight_through", [False, True])


class Batch(NamedTuple):
    mu: Tensor
    theta: Tensor
    noise: Tensor
    codebook: Codebook
    upstream: Tensor

    def leaves(self) -> list[Tensor]:
        return [self.mu, self.theta, *self.codebook.parameters()]


def draw(breakpoints: int, batch: int = 150, dtype: torch.dtype = torch.float64) -> Batch:
    """A batch with a codebook that is not uniform; the same numbers in every dtype."""
    rng = torch.Generator().manual_seed(breakpoints)
    mu, theta = torch.rand(2, batch, 5, generator=rng)
    noise, upstream = torch.randn(2, batch, 5, generator=rng)
    codebook = Codebook(breakpoints)
    with torch.no_grad():
        for parameter in codebook.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=rng))
    mu, theta = (2 * mu - 1).to(dtype).requires_grad_(), (0.02 + 0.3 * theta).to(dtype).requires_grad_()
    return Batch(mu, theta, noise.to(dtype), codebook.to(dtype), upstream.to(dtype))


def fused(batch: Batch, bound: str, straight_through: bool, prior: Tensor | None = None) -> tuple[Tensor, Tensor]:
    mu, theta, grid = batch.mu, batch.theta, Grid.of(batch.codebook)
    symbols = quantize(mu, theta, batch.noise, grid, gamma=10.0, straight_through=straight_through)
    return symbols, bound_rate(mu, theta, grid, noise_variance=VARIANCE, bound=bound_named(bound), log_prior=prior)


def straight_through_quantize(z: Tensor, weights: Tensor, breakpoints: Tensor, levels: Tensor, gamma: float) -> Tensor:
    """`hard_quantize` with the gradient of `soft_quantize` for z, weights and breakpoints."""
    soft = soft_quantize(z, weights, breakpoints, gamma)
    # In this order the soft terms cancel to an exact zero.
    return hard_quantize(z, levels.detach(), breakpoints) + (soft - soft.detach())


def plain(batch: Batch, bound: str, straight_through: bool, prior: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """The definitions of the upper bounds; the gradient of a batch-mean prior flows through the prior, too."""
    codebook = batch.codebook
    w, b, c = codebook.weights(), codebook.breakpoints(), codebook.levels()
    z = batch.mu + batch.theta * batch.noise
    symbols = straight_through_quantize(z, w, b, c, 10.0) if straight_through else soft_quantize(z, w, b, 10.0)
    log_pmf = symbol_log_pmf(batch.mu, batch.theta, b)
    return symbols, bound_named(bound).definition(log_pmf, c, VARIANCE, prior).sum()


def value_and_gradient(batch: Batch, symbols: Tensor, rate: Tensor) -> list[Tensor]:
    loss = (symbols * batch.upstream).sum() + 0.7 * rate
    return [symbols, rate, *torch.autograd.grad(loss, batch.leaves())]


@every_upper_bound
@both_modes
@pytest.mark.parametrize("breakpoints", [1, 2, 6, 15, 31])
def test_it_equals_the_plain_forms_in_double_precision(breakpoints: int, bound: str, straight_through: bool) -> None:
    batch = draw(breakpoints)
    actual = value_and_gradient(batch, *fused(batch, bound, straight_through))
    expected = value_and_gradient(batch, *plain(batch, bound, straight_through))
    torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-9)


@every_upper_bound
@both_modes
@pytest.mark.parametrize("breakpoints", [1, 2, 6, 15, 31])
def test_single_precision_is_as_accurate_as_its_inputs(breakpoints: int, bound: str, straight_through: bool) -> None:
    """Tails as differences from 1 would cancel: gradients of μ, θ and breakpoints then miss by 2 to 80 tolerances."""
    single, double = draw(breakpoints, dtype=torch.float32), draw(breakpoints)
    actual = value_and_gradient(single, *fused(single, bound, straight_through))
    expected = value_and_gradient(double, *fused(double, bound, straight_through))
    tolerances = single_tolerances(lambda: value_and_gradient(double, *plain(double, bound, straight_through)))
    for one, other, tolerance in zip(actual, expected, tolerances, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=0, atol=tolerance)


@every_bound
@pytest.mark.parametrize("breakpoints", [1, 4])
def test_soft_gradients_match_finite_differences(breakpoints: int, bound: str) -> None:
    batch = draw(breakpoints, batch=3)
    prior = torch.randn(5, breakpoints + 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    names = dict(batch.codebook.named_parameters())

    def results(mu: Tensor, theta: Tensor, *parameters: Tensor) -> tuple[Tensor, Tensor]:
        codebook = Codebook(breakpoints).double()
        for name, parameter in zip(names, parameters, strict=True):
            del codebook._parameters[name]
            setattr(codebook, name, parameter)
        return fused(batch._replace(mu=mu, theta=theta, codebook=codebook), bound, False, prior.log_softmax(-1))

    assert torch.autograd.gradcheck(results, batch.leaves())


def test_a_batch_mean_prior_needs_no_gradient_of_its_own() -> None:
    # The plain form differentiates through the prior; a constant prior of the same value has the same gradient.
    batch = draw(6)
    prior = batch_log_prior(symbol_log_pmf(batch.mu, batch.theta, batch.codebook.breakpoints())).detach()
    through = torch.autograd.grad(plain(batch, "prior", False)[1], batch.leaves(), allow_unused=True)
    constant = torch.autograd.grad(fused(batch, "prior", False, prior)[1], batch.leaves(), allow_unused=True)
    own = torch.autograd.grad(fused(batch, "prior", False)[1], batch.leaves(), allow_unused=True)
    torch.testing.assert_close(constant, through, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(own, through, rtol=1e-9, atol=1e-9)


def test_straight_through_symbols_are_exactly_the_levels() -> None:
    batch = draw(15, dtype=torch.float32)
    codebook, z = batch.codebook, batch.mu + batch.theta * batch.noise
    assert torch.equal(fused(batch, "tight", True)[0], hard_quantize(z, codebook.levels(), codebook.breakpoints()))


@every_bound
@pytest.mark.parametrize("block", [1, 64, 1000])
def test_the_size_of_blocks_does_not_matter(monkeypatch: pytest.MonkeyPatch, block: int, bound: str) -> None:
    batch = draw(6)
    expected = value_and_gradient(batch, *fused(batch, bound, False))
    monkeypatch.setattr(cells, "_BLOCK", block)
    actual = value_and_gradient(batch, *fused(batch, bound, False))
    torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-11)


@every_bound
def test_results_repeat_to_the_bit_whatever_ran_between(bound: str) -> None:
    batch = draw(15, dtype=torch.float32)
    first = value_and_gradient(batch, *fused(batch, bound, False))
    fused(draw(31), bound, True)
    second = value_and_gradient(batch, *fused(batch, bound, False))
    assert all(torch.equal(one, other) for one, other in zip(first, second, strict=True))


@every_bound
@both_modes
def test_without_gradients_the_values_are_the_same(bound: str, straight_through: bool) -> None:
    batch = draw(15)
    symbols, rate = fused(batch, bound, straight_through)
    with torch.no_grad():
        evaluated = fused(batch, bound, straight_through)
    assert torch.equal(evaluated[0], symbols)
    assert torch.equal(evaluated[1], rate)


def test_a_prior_is_ignored_by_other_bounds() -> None:
    batch = draw(6)
    prior = torch.zeros(5, 7, dtype=torch.float64)
    assert torch.equal(fused(batch, "tight", False, prior)[1], fused(batch, "tight", False)[1])


def test_strided_inputs_give_the_same_results() -> None:
    batch = draw(6)
    strided = batch._replace(
        mu=batch.mu.detach().T.contiguous().T.requires_grad_(),
        theta=batch.theta.detach().T.contiguous().T.requires_grad_(),
    )
    actual = value_and_gradient(strided, *fused(strided, "tight", False))
    assert all(
        torch.equal(one, other)
        for one, other in zip(actual, value_and_gradient(batch, *fused(batch, "tight", False)), strict=True)
    )


@settings(max_examples=200)
@given(
    st.sampled_from([torch.float32, torch.float64]),
    st.sampled_from(NAMES),
    st.tuples(st.floats(-1e3, 1e3), st.floats(1e-8, 1e-3) | st.floats(1e-3, 1e3), st.floats(-1e3, 1e3)),
    st.integers(0, 100),
)
def test_values_and_gradients_are_finite_at_extremes(
    dtype: torch.dtype, bound: str, values: tuple[float, float, float], seed: int
) -> None:
    mu, theta, noise = values
    codebook = Codebook(6).to(dtype)
    with torch.no_grad():
        for parameter in codebook.parameters():
            parameter.add_(10 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(seed)))
    on_a_breakpoint = codebook.breakpoints()[2].item()
    batch = Batch(
        torch.tensor([[mu, on_a_breakpoint], [0.0, 1.0]], dtype=dtype, requires_grad=True),
        torch.full((2, 2), theta, dtype=dtype, requires_grad=True),
        torch.full((2, 2), noise, dtype=dtype),
        codebook,
        torch.ones(2, 2, dtype=dtype),
    )
    results = value_and_gradient(batch, *fused(batch, bound, False))
    assert all(result.isfinite().all() for result in results)
