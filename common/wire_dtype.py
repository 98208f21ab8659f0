"""The precision in which real values travel between processes: float32, or rounded to bfloat16.

Rounding belongs to a run's computation, so that engines without a network round at the same places (ADR 37). NumPy has
no bfloat16: here it is the upper half of a float32's bits.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

WireDtype = Literal["float32", "bfloat16"]

WIRE_BITS: dict[WireDtype, int] = {"float32": 32, "bfloat16": 16}
"""Bits of a value."""

_NOT_A_NUMBER = np.uint16(0x7FC0)


def symbol_bits(breakpoints: int, dtype: WireDtype) -> int:
    """Bits of a packed symbol, ⌈log2(T+1)⌉; without a quantizer, T = 0, those of a real value."""
    return breakpoints.bit_length() or WIRE_BITS[dtype]


def rounded(values: NDArray[np.float32], dtype: WireDtype) -> NDArray[np.float32]:
    """The values as they arrive, float32 of the same shape; float32 returns them as they are, not a copy."""
    return values if dtype == "float32" else from_bfloat16(to_bfloat16(values))


def to_bfloat16(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Round float32 to the nearest bfloat16, halves to even [IEEE 754], as 16-bit words of the same shape.

    Values beyond the largest bfloat16 become infinite, as in any such rounding.
    """
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    words = ((bits + (((bits >> 16) & 1) + 0x7FFF)) >> 16).astype(np.uint16)
    missing = np.isnan(values)
    if missing.any():  # the addition may have carried beyond their exponent
        words[missing] = _NOT_A_NUMBER
    return words


def from_bfloat16(words: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The float32 values of 16-bit words, exactly; the same shape."""
    return (words.astype(np.uint32) << 16).view(np.float32)
