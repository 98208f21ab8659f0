"""Tolerances for the rounding errors of single precision in a computation, independent of the processor."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

UNIT = torch.finfo(torch.float32).eps / 2
"""The largest relative error of one rounding to float32."""

_MARGIN = 3
"""A few draws seldom meet the worst roundings; the fused forms reach 0.1 to 0.5 of the tolerance, on any vectors."""

_SUMS = {"aten::sum", "aten::mv", "aten::mm", "aten::bmm", "aten::dot"}
_ROUNDED = {"aten::cumsum", "aten::logsumexp"}


def single_tolerances(compute: Callable[[], Sequence[Tensor]], draws: int = 4) -> list[float]:
    """Estimate for each result how much a computation in float32 may differ from one in float64.

    Uses Monte Carlo arithmetic (Parker, 1997): `compute` is repeated with a random float32 rounding error in the result
    of every operation (`RandomRounding`), including gradients. The tolerance is `_MARGIN` times the largest deviation
    of any element in a few draws. It depends on the inputs and the operations, not on the size of the result: a result
    that cancels to 0 has the tolerance of the cancelled terms. It does not depend on the processor, because nothing is
    computed in float32.
    """
    exact = compute()
    farthest = [0.0] * len(exact)
    for seed in range(draws):
        with RandomRounding(seed):
            rounded = compute()
        farthest = [
            max(far, (one - other).abs().max().item()) if other.numel() else far
            for far, one, other in zip(farthest, rounded, exact, strict=True)
        ]
    return [_MARGIN * far for far in farthest]


class RandomRounding(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Moves the result of every float64 operation by a random part of a rounding to float32, ±`UNIT`·|result|.

    A sum of n terms moves by ±`UNIT`·√n·Σ|terms|: vector widths, blocks and threads decide in which order a processor
    adds, and roundings that are independent of one another add up to no more in any order (Higham and Mary, 2019).
    Operations that only copy are exact.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._rng = torch.Generator().manual_seed(seed)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if not isinstance(result, Tensor) or result.dtype != torch.float64:
            return result
        name = func._schema.name
        if name in _SUMS:
            absolute = (arg.abs() if isinstance(arg, Tensor) else arg for arg in args)
            terms = args[0].numel() // max(result.numel(), 1) if name == "aten::sum" else args[0].shape[-1]
            size = math.sqrt(terms) * func(*absolute, **(kwargs or {}))
        elif name in _ROUNDED or torch.Tag.pointwise in func.tags:
            size = result.abs()
        else:
            return result
        parts = torch.rand(result.shape, dtype=result.dtype, generator=self._rng)
        return result + size.mul_(parts.mul_(2 * UNIT).sub_(UNIT))
