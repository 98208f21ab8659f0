"""Quantizer and rate of a training step, fast: the same values and gradients as the plain forms.

The plain forms (`device.quantizer`, `device.pmf`, `device.bounds`) are the definitions, and tests hold
this module to them. In autograd they cost more than the network, because every elementary operation reads
and writes a (B, d, T) array that no cache holds, twice. Here the gradients are written out, so that one
pass over blocks that stay in cache (`device.cells`) gives values and gradients; only (B·d)- and (T)-sized
results leave a block. Tensors must be on the CPU.
"""

import math
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.autograd.function import Function, once_differentiable

from device.bounds import BoundName, noise_kl
from device.cells import CellGradient, arctan, cell_blocks, inverse_scales_of, offset_blocks
from device.codebook import Codebook
from device.quadrature import quadrature_rate
from device.quantizer import hard_quantize


class Grid(NamedTuple):
    """A codebook's weights and breakpoints, (T,) each, and levels, (T + 1,), computed once for symbols and rate."""

    weights: Tensor
    breakpoints: Tensor
    levels: Tensor

    @classmethod
    def of(cls, codebook: Codebook) -> "Grid":
        """Those of a device's quantizer now, with their graph."""
        return cls(codebook.weights(), codebook.breakpoints(), codebook.levels())


def quantize(mu: Tensor, theta: Tensor, noise: Tensor, grid: Grid, *, gamma: float, straight_through: bool) -> Tensor:
    """Symbols of z = μ + θ·noise  [QML-IB, eq. (1)(12)].

    Differentiable with respect to μ, θ and the codebook. Equal inputs give equal bits.

    Args:
        mu: (B, d) means.
        theta: (B, d) standard deviations, ≥ 10⁻⁸.
        noise: (B, d) standard normal draws.
        grid: the device's quantizer, of the same dtype.
        gamma: slope of the soft quantizer, > 0.
        straight_through: give levels, with the soft quantizer's gradient.

    Returns:
        Symbols, (B, d).
    """
    symbols = _Quantizer.apply(mu + theta * noise, *grid, gamma, straight_through)  # type: ignore[no-untyped-call]
    return cast(Tensor, symbols)


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
        bound: which upper bound of `device.bounds`, or `quadrature`, the rate itself.
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


class _Quantizer(Function):
    """`soft_quantize` or `straight_through_quantize`, whose gradients are the same."""

    @staticmethod
    def forward(  # noqa: PLR0917 - autograd passes by position
        ctx: Any,
        z: Tensor,
        weights: Tensor,
        breakpoints: Tensor,
        levels: Tensor,
        gamma: float,
        straight_through: bool,
    ) -> Tensor:
        """Symbols, (B, d)."""
        ctx.save_for_backward(z, weights, breakpoints)
        ctx.gamma = gamma
        if straight_through:
            return hard_quantize(z, levels, breakpoints)
        features, symbols = z.detach().flatten(), z.new_empty(z.numel())
        for block, offsets, angles in offset_blocks(features, breakpoints, gamma):
            torch.mv(arctan(offsets, out=angles).T, weights, out=symbols[block])
        return symbols.mul_(2 / math.pi).view_as(z)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_symbols: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of z, (B, d), and of weights and breakpoints, (T,)."""
        z, weights, breakpoints = ctx.saved_tensors
        upstream = grad_symbols.flatten()
        grad_z, grad_weights, grad_breakpoints = map(torch.zeros_like, (upstream, weights, breakpoints))
        # The arctangents are computed again: that costs less than to write them out and read them back.
        for block, offsets, angles in offset_blocks(z.detach().flatten(), breakpoints, ctx.gamma):
            grad_weights += arctan(offsets, out=angles) @ upstream[block]
            slopes = offsets.square_().add_(1).reciprocal_()
            torch.mv(slopes.T, weights, out=grad_z[block])
            grad_breakpoints -= slopes @ upstream[block]
        slope = 2 * ctx.gamma / math.pi
        grad_z.mul_(upstream).mul_(slope)
        grad_breakpoints.mul_(weights).mul_(slope)
        return grad_z.view_as(z), grad_weights.mul_(2 / math.pi), grad_breakpoints, None, None, None


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
