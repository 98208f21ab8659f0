"""Numbers to bits and back, most significant bit first."""

import numpy as np

from splitwave.common.protocol.arrays import Bytes


def bits_of(numbers: Bytes, size: int) -> Bytes:
    """(..., n) uint8 numbers < 2^size to (..., n·size) uint8 of 0 and 1."""
    bits = np.empty((*numbers.shape, size), dtype=np.uint8)
    for place in range(size):
        np.right_shift(numbers, size - 1 - place, out=bits[..., place])
    bits &= 1
    return bits.reshape(*numbers.shape[:-1], -1)


def numbers_of(bits: Bytes, size: int) -> Bytes:
    """(..., n·size) bits to (..., n) numbers, the inverse of `bits_of`."""
    split = bits.reshape(*bits.shape[:-1], -1, size)
    numbers = split[..., 0].copy()
    for place in range(1, size):
        numbers <<= 1
        numbers |= split[..., place]
    return numbers
