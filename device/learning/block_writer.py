"""Writes the symbols of one link into numbered blocks."""

import torch
from torch import Tensor

from splitwave.common.protocol.arrays import Float32, Int64
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, RealPayload, SymbolBlock
from splitwave.device.learning.model import DeviceModel


class BlockWriter:
    """Numbers the blocks of a link's stream, and adds the codebook's levels to the first block that needs them."""

    def __init__(self, link: int, model: DeviceModel) -> None:
        """Args: the link, and the model whose codebook its level indices refer to."""
        self._link = link
        self._model = model
        self._sequence = 0
        self._codebook_sent = -1

    def reals(self, key: BlockKey, ids: Int64, symbols: Tensor, beta: float | None = None) -> SymbolBlock:
        """The block of real symbols, (B, d) float32 without gradient."""
        return self._block(key, ids, RealPayload(symbols.numpy()[None]), beta)

    def levels(self, key: BlockKey, ids: Int64, indices: Tensor, beta: float | None = None) -> SymbolBlock:
        """The block of quantized symbols, given as (B, d) level indices 0 … T."""
        version = self._model.steps  # the codebook changes with each optimiser step
        payload = LevelPayload(indices.to(torch.uint8).numpy(), version, self._unsent_levels(version))
        return self._block(key, ids, payload, beta)

    def _unsent_levels(self, version: int) -> Float32 | None:
        if self._codebook_sent == version:
            return None
        codebook = self._model.codebook
        assert codebook is not None  # or there would be no level indices
        self._codebook_sent = version
        with torch.no_grad():
            levels: Float32 = codebook.levels().numpy()
        return levels

    def _block(self, key: BlockKey, ids: Int64, payload: LevelPayload | RealPayload, beta: float | None) -> SymbolBlock:
        block = SymbolBlock(self._link, self._sequence, key, ids, payload, beta)
        self._sequence += 1
        return block
