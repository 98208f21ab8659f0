"""Hyper-VIB's Theorem 1: for a linear encoder and a fixed linear decoder, two hyper-layers are optimal at every β.

ŷ = Bᵀ(A x + ε) with a scalar answer, so that B is (d, 1). Its B = U Σ Vᵀ has one singular value, ‖B‖.
"""

import math
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from splitwave.common.learning.hyper_layers import HyperLinear
from splitwave.device.rate.gaussian import gaussian_kl

D, FEATURES, SAMPLES = 6, 4, 40
BETAS = np.logspace(-5, 0, 21).tolist()
NOISE_VARIANCE = 0.01


class Problem(NamedTuple):
    x: Tensor  # (FEATURES, SAMPLES)
    y: Tensor  # (1, SAMPLES)
    b: Tensor  # (D, 1)


@pytest.fixture(name="problem")
def _problem() -> Problem:
    rng = torch.Generator().manual_seed(3)
    return Problem(*(torch.randn(shape, generator=rng, dtype=torch.float64) for shape in _SHAPES))


_SHAPES = ((FEATURES, SAMPLES), (1, SAMPLES), (D, 1))


def least_squares(problem: Problem) -> Tensor:
    """y Xᵀ (X Xᵀ)⁻¹, (1, FEATURES)."""
    x, y, _ = problem
    transposed: Tensor = torch.linalg.solve(x @ x.T, x @ y.T)
    return transposed.T


def optimum(problem: Problem, beta: float) -> Tensor:
    """A* of eq. (24), (D, FEATURES)."""
    b = problem.b
    curvature = b @ b.T + 0.5 * beta * torch.eye(D, dtype=torch.float64)
    solution: Tensor = torch.linalg.solve(curvature, b @ least_squares(problem))
    return solution


def layers_of_the_proof(problem: Problem) -> tuple[HyperLinear, HyperLinear]:
    """W¹ = Σ y Xᵀ(X Xᵀ)⁻¹/‖B‖², u¹ = −1, v¹ = ln 2 + 2 ln‖B‖; W² = 2U, u² = v² = 0; no biases."""
    u, singular, v = torch.linalg.svd(problem.b)
    norm = singular[0]
    # Move the sign from V to U, so that B = U Σ.
    u = u * v[0, 0]
    sigma = torch.zeros(D, 1, dtype=torch.float64)
    sigma[0] = norm
    first, second = HyperLinear(FEATURES, D).double(), HyperLinear(D, D).double()
    with torch.no_grad():
        for layer in (first, second):
            nn.init.zeros_(layer.plain.bias)
        first.plain.weight.copy_(sigma @ least_squares(problem) / norm**2)
        first.gate.slope.fill_(-1.0)
        first.gate.offset.fill_(math.log(2) + 2 * math.log(norm))
        second.plain.weight.copy_(2 * u)
        second.gate.slope.zero_()
        second.gate.offset.zero_()
    return first, second


def objective(problem: Problem, a: Tensor, beta: float) -> Tensor:
    """E over samples and noise of (y − ŷ)² + β D, eqs. (7)(8), with θ = 0."""
    x, y, b = problem
    mean = a @ x
    squared_error = (y - b.T @ mean).square().mean() + NOISE_VARIANCE * b.square().sum()
    rate = gaussian_kl(mean, torch.zeros_like(mean), NOISE_VARIANCE).sum(0).mean()
    return squared_error + beta * rate


@torch.no_grad()
@pytest.mark.parametrize("beta", BETAS)
def test_the_two_layers_of_the_proof_are_the_optimum_at_every_beta(problem: Problem, beta: float) -> None:
    conditions = torch.tensor([[math.log(beta)]], dtype=torch.float64)
    first, second = layers_of_the_proof(problem)
    identity = torch.eye(FEATURES, dtype=torch.float64)
    a = second(first(identity, conditions), conditions).T
    torch.testing.assert_close(a, optimum(problem, beta), rtol=0, atol=1e-10)


@pytest.mark.parametrize("beta", BETAS)
def test_equation_24_is_where_the_objectives_gradient_vanishes(problem: Problem, beta: float) -> None:
    a = optimum(problem, beta).requires_grad_()
    (gradient,) = torch.autograd.grad(objective(problem, a, beta), a)
    torch.testing.assert_close(gradient, torch.zeros_like(gradient), rtol=0, atol=1e-12)


@pytest.mark.parametrize("beta", [1e-5, 1e-3, 1e-1, 1.0])
def test_gradient_descent_on_a_reaches_the_optimum(problem: Problem, beta: float) -> None:
    """Start from A = 0, because components outside the span of B decay only at a rate of β."""
    a = torch.zeros(D, FEATURES, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.SGD([a], lr=0.05)
    for _ in range(2000):
        optimiser.zero_grad()
        torch.autograd.backward(objective(problem, a, beta))
        optimiser.step()
    torch.testing.assert_close(a.detach(), optimum(problem, beta), rtol=0, atol=1e-10)


def test_gradient_descent_from_anywhere_reaches_it_where_beta_is_large(problem: Problem) -> None:
    a = torch.randn(D, FEATURES, dtype=torch.float64, generator=torch.Generator().manual_seed(4)).requires_grad_()
    optimiser = torch.optim.SGD([a], lr=0.05)
    for _ in range(4000):
        optimiser.zero_grad()
        torch.autograd.backward(objective(problem, a, 1.0))
        optimiser.step()
    torch.testing.assert_close(a.detach(), optimum(problem, 1.0), rtol=0, atol=1e-10)
