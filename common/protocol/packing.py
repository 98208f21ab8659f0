"""Level indices to bits and back, at a fixed number of bits a symbol."""

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.uint8]


def packed_size(count: int, bits: int) -> int:
    """Bytes that `count` symbols of `bits` bits take: ceil(count · bits / 8)."""
    return (count * bits + 7) // 8


def pack(indices: Indices, bits: int) -> bytes:
    """Symbols in C order, most significant bit first, zero bits up to the last whole byte.

    Args:
        indices: uint8 of any shape, each < 2^bits.
        bits: 1 … 8 bits a symbol.
    """
    flat = np.ascontiguousarray(indices).reshape(-1)
    if bits == 8:
        return flat.tobytes()
    if bits == 4:
        if flat.size % 2:
            flat = np.append(flat, np.uint8(0))
        return ((flat[0::2] << 4) | flat[1::2]).tobytes()
    if bits == 1:
        return np.packbits(flat).tobytes()
    digits = np.unpackbits(flat[:, None], axis=1)[:, 8 - bits :]
    return np.packbits(digits.reshape(-1)).tobytes()


def unpack(packed: bytes, count: int, bits: int) -> Indices:
    """The first `count` symbols of `packed`, the inverse of `pack`.

    Args:
        packed: exactly `packed_size(count, bits)` bytes; the caller has checked.
        count: symbols to read.
        bits: 1 … 8 bits a symbol.

    Returns:
        (count,) uint8, writable.
    """
    raw = np.frombuffer(packed, dtype=np.uint8)
    if bits == 8:
        return raw.copy()
    if bits == 4:
        pairs = np.empty((raw.size, 2), dtype=np.uint8)
        np.right_shift(raw, 4, out=pairs[:, 0])
        np.bitwise_and(raw, 15, out=pairs[:, 1])
        return pairs.reshape(-1)[:count]
    digits = np.unpackbits(raw)
    if bits == 1:
        return digits[:count]
    places = np.zeros((count, 8), dtype=np.uint8)
    places[:, 8 - bits :] = digits[: count * bits].reshape(count, bits)
    return np.packbits(places, axis=1).reshape(-1)
