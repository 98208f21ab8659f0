"""Bounds on the rate in a training step, fast: the same values and gradients as the plain forms of `bounds`.

How and why: see `quantization.fused`. Tensors must be on the CPU.
"""

import math
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import Function, once_differentiable

from splitwave.device.quantization.cells import CellGradient, cell_blocks, inverse_scales_of
from splitwave.device.quantization.fused import Grid
from splitwave.device.rate.bounds import BoundName, noise_kl
from splitwave.device.rate.quadrature import quadrature_rate


def bound_rate(
    mu: Tensor,
    theta: Tensor,
    grid: Grid,
    *,
    noise_variance: float,
    bound: BoundName,
    log_prior: Tensor | None = None,
) -> Tensor:
    """The bound on the rate of the symbols of z ~ N(μ, θ²)  [QML-IB, eq. (14)].

    Differentiable with respect to μ, θ and the codebook. Equal inputs give equal bits.

    Args:
        mu: (B, d) means.
        theta: (B, d) standard deviations, ≥ 10⁻⁸.
        grid: the device's quantizer, of the same dtype.
        noise_variance: σ² > 0 of the link.
        bound: which upper bound of `device.rate.bounds`, or `quadrature`, the rate itself.
        log_prior: (d, T + 1) finite logarithms of the weights of bound `prior`, taken as constants. None
            takes the batch's mean pmf, the minimiser, whose own gradient thus vanishes (envelope theorem).

    Returns:
        The bound's sum over batch and dimensions, a scalar, nats.
    """
    _, breakpoints, levels = grid
    if bound == "quadrature":
        return quadrature_rate(mu, theta, breakpoints, levels, noise_variance)
    if bound == "prior":
        prior = _batch_log_prior(mu, theta, breakpoints) if log_prior is None else log_prior
        costs, constant = 0.5 * levels.square().unsqueeze(1) - prior.detach().T, 0.0
    else:
        kappa = 1.0 if bound == "paper" else 0.5
        costs, constant = kappa * levels.square().unsqueeze(1), math.log(len(levels))
    rate = _Rate.apply(mu, theta, breakpoints, costs, torch.is_grad_enabled())  # type: ignore[no-untyped-call]
    return cast(Tensor, rate) + mu.numel() * (constant + noise_kl(noise_variance))


class _Rate(Function):
    """Σ_t P(c_t) (log P(c_t) + cost of level t), summed over batch and dimensions."""

    @staticmethod
    def forward(  # noqa: PLR0917 - autograd passes by position
        ctx: Any, mu: Tensor, theta: Tensor, breakpoints: Tensor, costs: Tensor, differentiate: bool
    ) -> Tensor:
        """The sum, a scalar. All that its gradient lacks now is a factor, so it is computed on the way."""
        means, inverse_scales = mu.detach().flatten(), inverse_scales_of(theta)
        gradient, mass = CellGradient(inverse_scales, breakpoints), torch.zeros_like(costs)
        total = mu.new_zeros(())
        for block, cells in cell_blocks(means, inverse_scales, breakpoints, multiple=costs.shape[1]):
            cells.evaluate(costs)
            total += torch.dot(cells.pmf.flatten(), cells.values.flatten())
            if differentiate:
                gradient.add(block, cells)
                mass += cells.pmf.view(len(mass), -1, mass.shape[1]).sum(1)
        if differentiate:
            ctx.save_for_backward(*gradient.result(mu.shape), mass)
        return total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_total: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of μ and θ, (B, d), breakpoints, (T,), and costs, (T + 1, 1) or (T + 1, d)."""
        return *(gradient * grad_total for gradient in ctx.saved_tensors), None


def _batch_log_prior(mu: Tensor, theta: Tensor, breakpoints: Tensor) -> Tensor:
    """Log of the batch's mean pmf, (d, T + 1)."""
    means, dimension = mu.detach().flatten(), mu.shape[1]
    mass = mu.new_zeros(len(breakpoints) + 1, dimension)
    for _, cells in cell_blocks(means, inverse_scales_of(theta), breakpoints, multiple=dimension):
        mass += cells.pmf.view(len(mass), -1, dimension).sum(1)
    return mass.div_(len(mu)).log_().T
