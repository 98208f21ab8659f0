"""Outer codes: bits of a sample to coded bits and back, with hard decisions.

A code is two tables, so that a block is two look-ups. The tables of `hamming-7-4` are compared with those of komm, a
library that is no dependency, because it is under the GPL.

Shapes: n bits, N coded bits, W = ceil(n / 4) code words.
"""

from typing import Protocol

import numpy as np

from splitwave.channel.digital.bits import bits_of, numbers_of
from splitwave.common.protocol.arrays import Bytes


class OuterCode(Protocol):
    """A code of each sample's bits."""

    def encode(self, bits: Bytes) -> Bytes:
        """(..., n) uint8 of 0 and 1 to (..., N)."""
        ...

    def decode(self, coded: Bytes, bits: int) -> Bytes:
        """(..., N) decided bits to the `bits` = n that were most likely sent."""
        ...


class NoCode:
    """Sends the bits themselves."""

    def encode(self, bits: Bytes) -> Bytes:
        """The bits."""
        return bits

    def decode(self, coded: Bytes, bits: int) -> Bytes:
        """The bits."""
        return coded[..., :bits]


_DATA, _WORD = 4, 7
_PARITIES = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 1, 1]], dtype=np.uint8)


def _words() -> Bytes:
    """(16, 7) uint8: code word i has the 4 bits of i, most significant first, then three parities."""
    data = bits_of(np.arange(16, dtype=np.uint8)[:, None], _DATA)
    return np.concatenate([data, (data @ _PARITIES) % 2], axis=1)


def _nearest(words: Bytes) -> Bytes:
    """(128, 4) uint8: the data of the code word at distance 0 or 1 from each 7 bits; the code is perfect."""
    received = bits_of(np.arange(128, dtype=np.uint8)[:, None], _WORD)
    distances = (received[:, None] ^ words[None]).sum(axis=-1)
    return np.asarray(words[distances.argmin(axis=1), :_DATA])


class Hamming74:
    """The systematic Hamming code of 4 bits in 7: it corrects one error a code word."""

    _WORDS = _words()
    _NEAREST = _nearest(_WORDS)

    def encode(self, bits: Bytes) -> Bytes:
        """(..., n) to (..., 7·W); zeros fill up the last four bits."""
        missing = -bits.shape[-1] % _DATA
        padded = np.pad(bits, [(0, 0)] * (bits.ndim - 1) + [(0, missing)])
        words = self._WORDS[numbers_of(padded, _DATA)]
        return np.asarray(words.reshape(*bits.shape[:-1], -1))

    def decode(self, coded: Bytes, bits: int) -> Bytes:
        """(..., 7·W) to (..., n)."""
        data = self._NEAREST[numbers_of(coded, _WORD)]
        return np.asarray(data.reshape(*coded.shape[:-1], -1)[..., :bits])


OUTER_CODES: dict[str, OuterCode] = {"none": NoCode(), "hamming-7-4": Hamming74()}
"""By the name in `channel.digital.code`."""
