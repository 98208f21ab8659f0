"""Brings the K links' symbols of one block together."""

from dataclasses import dataclass

import torch
from torch import Tensor

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey


@dataclass(frozen=True, slots=True)
class FusedBlock:
    """All links' symbols of one block, side by side.

    Attributes:
        symbols: (L, B, K·d) float32, link k in columns k·d … (k+1)·d.
        betas: that the links' parts were made under; empty if they carry none.
    """

    key: BlockKey
    symbols: Tensor
    betas: tuple[float, ...] = ()


class _Incomplete:
    def __init__(self, symbols: Tensor, links: int) -> None:
        self.symbols = symbols
        self.missing = set(range(links))
        self.betas: dict[int, float] = {}


class FusionBuffer:
    """Collects the links' parts of each block.

    Attributes:
        capacity: how many blocks may wait at a time.
    """

    def __init__(self, links: int, dimension: int, capacity: int) -> None:
        self._links = links
        self._dimension = dimension
        self.capacity = capacity
        self._waiting: dict[BlockKey, _Incomplete] = {}

    def add(self, key: BlockKey, link: int, symbols: Float32, beta: float | None = None) -> FusedBlock | None:
        """Take link's (L, B, d) symbols, which it sends once; the fused block once all K links are in, else None.

        Either all links' parts come with the β that made them, or none does.

        Raises:
            ProtocolError: its shape differs from the other links', or too many blocks wait.
        """
        draws, samples, dimension = symbols.shape
        waiting = self._waiting.get(key)
        if waiting is None:
            if len(self._waiting) >= self.capacity:
                raise ProtocolError(f"{key}: more than {self.capacity} blocks wait for other links")
            # torch's own allocation is 64-byte aligned: the decoder sees the same alignment in every engine.
            waiting = _Incomplete(torch.empty(draws, samples, self._links * self._dimension), self._links)
            self._waiting[key] = waiting
        if waiting.symbols.shape[:2] != (draws, samples):
            expected = tuple(waiting.symbols.shape[:2])
            raise ProtocolError(
                f"{key}: link {link} sent (L, B) = {(draws, samples)}, another link {expected}; "
                "with L > 1 every link needs a channel emulator, or none has one"
            )
        start = link * dimension
        waiting.symbols.numpy()[..., start : start + dimension] = symbols
        waiting.missing.discard(link)
        if beta is not None:
            waiting.betas[link] = beta
        if waiting.missing:
            return None
        del self._waiting[key]
        return FusedBlock(key, waiting.symbols, tuple(waiting.betas[link] for link in sorted(waiting.betas)))
