"""Fewer bits a symbol than the quantizer has: neighbouring levels are merged."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class MergedLevels:
    """A codebook of fewer levels over the same breakpoints: level i of B bits is sent as ⌊i / 2^(B−b)⌋ in b bits.

    Attributes:
        shift: B − b ≥ 0.
    """

    shift: int

    def indices(self, indices: Tensor) -> Tensor:
        """(...) uint8 indices of b bits, from those of B bits."""
        return indices >> self.shift if self.shift else indices

    def levels(self, levels: Tensor) -> Tensor:
        """The mean of each group of 2^(B−b) levels, (⌊T / 2^(B−b)⌋ + 1,) float32; the last group may be smaller."""
        groups: list[Tensor] = list(torch.split(levels, 1 << self.shift))
        return torch.stack([group.mean() for group in groups])
