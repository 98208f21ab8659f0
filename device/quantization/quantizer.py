"""The quantizer in its plain forms, which `device.quantization.fused` computes faster."""

import math

import numpy as np
import torch
from torch import Tensor

from splitwave.common.limits import MAX_BREAKPOINTS

_COUNTED = 64
"""The number of features per breakpoint from which counting is faster than searching, by a factor of up to 18."""


def soft_quantize(z: Tensor, weights: Tensor, breakpoints: Tensor, gamma: float) -> Tensor:
    """Smooth stand-in for the hard quantizer, (2/π)·Σ_t w_t·arctan(γ(z − b_t))  [QML-IB, eq. (12)].

    The paper omits the factor 2/π; without it the symbols leave [−1, 1].

    Args:
        z: (...) features.
        weights: (T,), non-negative, sum 1.
        breakpoints: (T,), non-decreasing.
        gamma: slope, > 0; the hard quantizer is the limit γ → ∞.

    Returns:
        (...) symbols in (−1, 1).
    """
    return (2 / math.pi) * torch.atan(gamma * (z.unsqueeze(-1) - breakpoints)) @ weights


def level_indices(z: Tensor, breakpoints: Tensor) -> Tensor:
    """The number of breakpoints ≤ z, which is what goes on the wire  [QML-IB, eq. (8)].

    Args:
        z: (...) features, on the CPU.
        breakpoints: (T,), non-decreasing, T ≤ 255; or (n, T) of z, (n, ...), each row for one link.

    Returns:
        (...) uint8 in 0 … T.

    Raises:
        ValueError: if an index might not fit a byte.
    """
    count = breakpoints.shape[-1]
    if count > MAX_BREAKPOINTS:
        raise ValueError(f"{count} breakpoints: an index is a byte, so at most {MAX_BREAKPOINTS}")
    thresholds = breakpoints.detach().reshape(-1, count)
    flat = z.detach().reshape(len(thresholds), z.numel() // len(thresholds))
    if z.numel() < _COUNTED * count:
        indices = torch.searchsorted(thresholds, flat, out_int32=True, right=True).to(torch.uint8)
    else:
        indices = _count(flat, thresholds)
    return indices.view(z.shape)


def _count(z: Tensor, breakpoints: Tensor) -> Tensor:
    """T minus the number of breakpoints above z. Unlike a search, these comparisons are vectorised."""
    features, thresholds = z.numpy(), breakpoints.numpy()
    indices = np.full(z.shape, thresholds.shape[1], dtype=np.uint8)
    above = np.empty(z.shape, dtype=np.bool_)
    for column in thresholds.T:
        np.greater(column[:, None], features, out=above)
        np.subtract(indices, above.view(np.uint8), out=indices)
    return torch.from_numpy(indices)


def hard_quantize(z: Tensor, levels: Tensor, breakpoints: Tensor) -> Tensor:
    """Σ_t w_t·sgn(z − b_t), the level that z's cell is sent as  [QML-IB, eq. (8)(9)].

    Args:
        z: (...) features.
        levels: (T + 1,), non-decreasing.
        breakpoints: (T,), non-decreasing, T ≤ 255.

    Returns:
        (...) symbols, each exactly one of the levels.
    """
    return levels[level_indices(z, breakpoints).long()]
