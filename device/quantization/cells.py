"""Blocks of the arrays that `quantization.fused` and the bounds in `rate` work on, small enough to stay in cache.

Arrays are (T, n): one row a breakpoint, n elements of the flattened (B, d) features a block, so that all
operations run along contiguous memory. Arctangents, exponentials, logarithms and differences of
neighbouring rows are NumPy's, which vectorises them further than torch (on AVX-512, 0.24 against 2.3 ns
an arctangent).
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from splitwave.device.quantization.pmf import MIN_SCALE

_BLOCK = 131_072
"""Size of an array: larger arrays exceed the cache; for smaller ones calls take longer than arithmetic."""


class Cells:
    """The T + 1 cells between breakpoints, for n elements at a time, in arrays used again and again."""

    def __init__(self, breakpoints: Tensor, elements: int) -> None:
        count = len(breakpoints)
        self._breakpoints = breakpoints.detach().unsqueeze(1)
        self.distances = breakpoints.new_empty(count, elements)
        self.pmf = breakpoints.new_empty(count + 1, elements)
        self.values = breakpoints.new_empty(count + 1, elements)
        # One more row at either end, for breakpoints at ∓∞: no tail, and before or after the step.
        self._tails = breakpoints.new_zeros(count + 2, elements)
        self._steps = breakpoints.new_zeros(count + 2, elements)
        self._steps[-1] = 1
        info = torch.finfo(breakpoints.dtype)
        self._tiny = info.tiny
        self._limit = math.sqrt(-math.log(info.tiny) - 5)

    def locate(self, means: Tensor, inverse_scales: Tensor) -> None:
        """Distances y_t = (b_t − μ)/(θ√2), (T, n), and P(c_t) > 0, (T + 1, n).

        F(b_t) = H_t − S_t with the step H_t = [y_t ≥ 0] and the signed tail S_t = sgn(y_t)·½ erfc|y_t|.
        Differences of H are exact, those of S are between small numbers in both tails: neither cancels.
        """
        y, tails, steps = self.distances, self._tails, self._steps
        # Within the limit e^−y² and erfc y are normal numbers; subnormal ones are slow.
        torch.sub(self._breakpoints, means, out=y).mul_(inverse_scales).clamp_(-self._limit, self._limit)
        torch.abs(y, out=tails[1:-1]).erfc_().copysign_(y)
        torch.ge(y, 0, out=steps[1:-1])
        _subtract(tails[:-1], tails[1:], out=self.pmf)
        _subtract(steps[1:], steps[:-1], out=self.values)
        torch.add(self.values, self.pmf, alpha=0.5, out=self.pmf).clamp_(min=self._tiny)

    def evaluate(self, costs: Tensor) -> None:
        """Values log P(c_t) + cost, (T + 1, n), after `locate`."""
        log(self.pmf, out=self.values)
        self.values.view(len(self.values), -1, costs.shape[1]).add_(costs.unsqueeze(1))

    def flow(self) -> Tensor:
        """∂D/∂F(b_t)·e^−y_t², (T, n), where `values` hold ∂D/∂P(c_t)."""
        flow, bells = self._steps[1:-1], self._tails[1:-1]
        _subtract(self.values[:-1], self.values[1:], out=flow)
        _exp(torch.mul(self.distances, self.distances, out=bells).neg_(), out=bells)
        return flow.mul_(bells)


class CellGradient:
    """The gradient of a rate with respect to μ, θ and the breakpoints, gathered block by block."""

    def __init__(self, inverse_scales: Tensor, breakpoints: Tensor) -> None:
        self._inverse_scales = inverse_scales
        self._mu = torch.empty_like(inverse_scales)
        self._theta = torch.empty_like(inverse_scales)
        self._breakpoints = torch.zeros_like(breakpoints)

    def add(self, block: slice, cells: Cells) -> None:
        """Take in a block, whose `values` hold ∂D/∂P(c_t) up to a constant."""
        flow = cells.flow()
        self._breakpoints += flow @ self._inverse_scales[block]
        torch.sum(flow, 0, out=self._mu[block])
        torch.sum(flow.mul_(cells.distances), 0, out=self._theta[block])

    def result(self, shape: torch.Size) -> tuple[Tensor, Tensor, Tensor]:
        """Gradients of μ and θ, of this shape, and breakpoints, (T,)."""
        # ∂F(b)/∂b = e^−y²/(θ√(2π)), ∂F/∂μ = −∂F/∂b and ∂F/∂θ = −√2·y ∂F/∂b
        density = self._inverse_scales * (1 / math.sqrt(math.pi))
        return (
            self._mu.mul_(density).neg_().view(shape),
            self._theta.mul_(density).mul_(-math.sqrt(2)).view(shape),
            self._breakpoints.mul_(1 / math.sqrt(math.pi)),
        )


def inverse_scales_of(theta: Tensor) -> Tensor:
    """1/(θ√2), (B·d,)."""
    return theta.detach().flatten().clamp_min(MIN_SCALE).mul_(math.sqrt(2)).reciprocal_()


def cell_blocks(
    means: Tensor, inverse_scales: Tensor, breakpoints: Tensor, *, multiple: int = 1, rows: int = 0
) -> Iterator[tuple[slice, Cells]]:
    """Yield the located cells of all elements, block by block.

    The number of elements of a block is a multiple of `multiple`, and small enough for arrays of `rows` rows.
    """
    cells = None
    for block in _blocks(len(means), max(len(breakpoints), rows), multiple):
        part = means[block]
        if cells is None or len(part) != cells.pmf.shape[1]:
            cells = Cells(breakpoints, len(part))
        cells.locate(part, inverse_scales[block])
        yield block, cells


def offset_blocks(features: Tensor, breakpoints: Tensor, gamma: float) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Yield blocks of all elements, each with γ(z − b_t), (T, n), and a scratch array of the same size."""
    thresholds = breakpoints.detach().unsqueeze(1)
    for block in _blocks(len(features), len(breakpoints)):
        offsets = (features[block] - thresholds).mul_(gamma)
        yield block, offsets, torch.empty_like(offsets)


def _blocks(elements: int, rows: int, multiple: int = 1) -> Iterator[slice]:
    """Divide the elements into as few blocks as the cache allows, of nearly equal size."""
    count = math.ceil(elements * rows / _BLOCK)
    size = math.ceil(elements / max(count, 1) / multiple) * multiple
    return (slice(start, min(start + size, elements)) for start in range(0, elements, max(size, 1)))


def _subtract(a: Tensor, b: Tensor, out: Tensor) -> None:
    np.subtract(a.numpy(), b.numpy(), out=out.numpy())


def arctan(x: Tensor, out: Tensor) -> Tensor:
    """Write arctan x to `out`, and return that."""
    np.arctan(x.numpy(), out=out.numpy())
    return out


def log(x: Tensor, out: Tensor) -> Tensor:
    """Write log x to `out`, and return that."""
    np.log(x.numpy(), out=out.numpy())
    return out


def _exp(x: Tensor, out: Tensor) -> None:
    np.exp(x.numpy(), out=out.numpy())
