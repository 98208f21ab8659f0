"""Bounds that give each level a cost, weighted by its probability: one pass over blocks in cache computes them.

How and why: see `quantization.fused`. Tensors must be on the CPU.
"""

from abc import ABC, abstractmethod
from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import Function, once_differentiable

from splitwave.device.quantization.cells import CellGradient, cell_blocks, inverse_scales_of
from splitwave.device.quantization.fused import Grid
from splitwave.device.rate.gaussian import noise_kl


class LevelCostBound(ABC):
    """A bound Σ_t P(c_t) (log P(c_t) + cost of level t) + constant + KL(N(0, σ²) ‖ N(0, 1)).

    A subclass gives `costs`, `constant` and the same equation in plain operations as `definition`.
    """

    uses_batch_prior: bool = False

    @abstractmethod
    def definition(
        self, log_pmf: Tensor, levels: Tensor, noise_variance: float, log_prior: Tensor | None = None, /
    ) -> Tensor:
        """See `bound.Bound.definition`."""

    @abstractmethod
    def costs(self, levels: Tensor, log_prior: Tensor | None, /) -> Tensor:
        """Differentiable costs of (T + 1,) levels, nats: (T + 1, 1), or (T + 1, d) where each dimension has its own."""

    def constant(self, _levels: int, /) -> float:
        """Nats that every symbol costs besides, which may depend on the number of levels, T + 1."""
        return 0.0

    def rate(self, mu: Tensor, theta: Tensor, grid: Grid, noise_variance: float, log_prior: Tensor | None, /) -> Tensor:
        """See `bound.Bound.rate`."""
        _, breakpoints, levels = grid
        costs, constant = self.costs(levels, log_prior), self.constant(len(levels))
        rate = _Rate.apply(mu, theta, breakpoints, costs, torch.is_grad_enabled())  # type: ignore[no-untyped-call]
        return cast(Tensor, rate) + mu.numel() * (constant + noise_kl(noise_variance))


class _Rate(Function):
    """Σ_t P(c_t) (log P(c_t) + cost of level t), summed over batch and dimensions."""

    @staticmethod
    def forward(  # noqa: PLR0917 - autograd passes by position
        ctx: Any, mu: Tensor, theta: Tensor, breakpoints: Tensor, costs: Tensor, differentiate: bool
    ) -> Tensor:
        """The sum, a scalar. Its gradient is computed in the same pass, but for the factor that comes backward."""
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
