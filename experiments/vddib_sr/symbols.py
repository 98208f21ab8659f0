"""Symbols of n bits: rounding with a straight-through gradient, and what goes on the channel."""

from typing import Any

import torch
from torch import Tensor

UNQUANTIZED_BITS = 32
"""What an unquantized symbol counts as: a float32."""


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: Any, u: Tensor, bits: int) -> Tensor:
        steps = float(2**bits - 1)
        return (u * steps).round() / steps

    @staticmethod
    def backward(_ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None


def round_to_bits(u: Tensor, bits: int) -> Tensor:
    """The nearest of 2^n equally spaced levels 0, 1/(2^n − 1), … 1; the gradient passes unchanged [VDDIB-SR, phase 2].

    The authors' script yields one bit whatever n is asked for; here n bits are 2^n levels. A value half-way between
    two levels goes to the even one.

    Args:
        u: float32 in [0, 1], any shape.
        bits: n ≥ 1; 0 returns `u` itself.
    """
    if bits == 0:
        return u
    rounded: Tensor = _Round.apply(u, bits)  # type: ignore[no-untyped-call]
    return rounded


def on_air(u: Tensor) -> Tensor:
    """z̃ = 2u − 1: symbols in [0, 1] as sent, in [−1, 1].

    The peak power is then P_max = 1, as for QML-IB's levels, so a PSNR means the same for both.
    """
    return 2.0 * u - 1.0


def payload_bits(bits: int) -> int:
    """Bits that a symbol counts as: n, or 32 where it is unquantized (n = 0)."""
    return bits or UNQUANTIZED_BITS
