"""Symbols of n bits: rounding with a straight-through gradient, and scaling for the channel."""

from typing import Any

import torch
from torch import Tensor

UNQUANTIZED_BITS = 32
"""Payload of an unquantized symbol, a float32."""


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, u: Tensor, bits: int) -> Tensor:
        steps = float(2**bits - 1)
        return (u * steps).round() / steps

    @staticmethod
    def backward(_ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None


def round_to_bits(u: Tensor, bits: int) -> Tensor:
    """Round to the nearest of 2^n levels 0, 1/(2^n − 1), … 1; the gradient passes unchanged  [VDDIB-SR, phase 2].

    The authors' script yields one bit for any n; here n bits have 2^n levels. A value half-way between two levels is
    rounded to the even one.

    Args:
        u: float32 in [0, 1], any shape.
        bits: n ≥ 1; 0 returns `u` itself.
    """
    if bits == 0:
        return u
    rounded: Tensor = _Round.apply(u, bits)  # type: ignore[no-untyped-call]
    return rounded


def on_air(u: Tensor) -> Tensor:
    """Scale symbols in [0, 1] to the transmitted range [−1, 1]: z̃ = 2u − 1.

    The peak power is then P_max = 1, as with QML-IB's levels, so that a PSNR has the same meaning for both.
    """
    return 2.0 * u - 1.0


def payload_bits(bits: int) -> int:
    """Return the payload of a symbol in bits: n, or 32 if it is unquantized (n = 0)."""
    return bits or UNQUANTIZED_BITS
