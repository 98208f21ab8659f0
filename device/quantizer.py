"""The quantizer in its plain forms, which `device.fused` computes faster."""

import math

import torch
from torch import Tensor

from common.packing import MAX_BREAKPOINTS


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
        z: (...) features.
        breakpoints: (T,), non-decreasing, T ≤ 255.

    Returns:
        (...) uint8 in 0 … T.

    Raises:
        ValueError: if an index might not fit a byte.
    """
    if len(breakpoints) > MAX_BREAKPOINTS:
        raise ValueError(f"{len(breakpoints)} breakpoints: an index is a byte, so at most {MAX_BREAKPOINTS}")
    indices = torch.bucketize(z.detach().contiguous(), breakpoints.detach(), out_int32=True, right=True)
    return indices.to(torch.uint8)


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


def straight_through_quantize(z: Tensor, weights: Tensor, breakpoints: Tensor, levels: Tensor, gamma: float) -> Tensor:
    """`hard_quantize` with the gradient of `soft_quantize` for z, weights and breakpoints.

    Returns:
        (...) symbols, each exactly one of the levels.
    """
    soft = soft_quantize(z, weights, breakpoints, gamma)
    # In this order the soft terms cancel to an exact zero.
    return hard_quantize(z, levels.detach(), breakpoints) + (soft - soft.detach())
