"""The quantizer of a training step, fast: the same values and gradients as the plain forms of `quantizer`.

The plain forms are the definitions, with which tests compare this module. In autograd they take longer than the
network, because every elementary operation reads and writes a (B, d, T) array that exceeds the cache, twice. Here the
gradients are written out, so that one pass over blocks that stay in cache (`cells`) gives values and gradients; only
results of B·d or T numbers leave a block. Tensors must be on the CPU.
"""

import math
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor
from torch.autograd.function import Function, once_differentiable

from splitwave.device.quantization.cells import arctan, offset_blocks
from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.quantizer import hard_quantize


class Grid(NamedTuple):
    """A codebook's weights and breakpoints, (T,) each, and levels, (T + 1,), computed once for symbols and rate."""

    weights: Tensor
    breakpoints: Tensor
    levels: Tensor

    @classmethod
    def of(cls, codebook: Codebook) -> "Grid":
        """The weights, breakpoints and levels of a device's quantizer now, with their graph."""
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


class _Quantizer(Function):
    """`soft_quantize`, or `hard_quantize` with the gradient of `soft_quantize`."""

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
