"""The digest that identifies a network's weights, in memory or in a file."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple


class NamedWeights(NamedTuple):
    """One parameter: its name in the network, dtype and shape as torch prints them, and its bytes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: bytes | bytearray


def weights_digest(weights: Iterable[NamedWeights]) -> str:
    """Return SHA-256 (hex) over name, dtype, shape and bytes of every parameter, sorted by name."""
    digest = hashlib.sha256()
    for name, dtype, shape, data in sorted(weights, key=lambda each: each.name):
        digest.update(f"{name} {dtype} {shape}\n".encode())
        digest.update(data)
    return digest.hexdigest()
