"""Writes the symbols of one link into numbered blocks."""

import torch
from torch import Tensor

from splitwave.common.protocol.arrays import Float32, Int64
from splitwave.common.protocol.blocks import BlockKey, LevelPayload, Payload, RealPayload, SilentPayload, SymbolBlock
from splitwave.common.protocol.link_setting import AS_CONFIGURED, LinkSetting
from splitwave.common.wire_dtype import WireDtype
from splitwave.device.learning.model import DeviceModel
from splitwave.device.quantization.merged_levels import MergedLevels


class BlockWriter:
    """Numbers the blocks of a link's stream, and adds the codebook's levels to the first block that needs them."""

    def __init__(self, link: int, model: DeviceModel, bits: int, wire_dtype: WireDtype) -> None:
        """Set up the stream's beginning.

        Args:
            link: k.
            model: whose codebook the level indices refer to.
            bits: of such an index.
            wire_dtype: of real symbols.
        """
        self._link = link
        self._model = model
        self._bits = bits
        self._wire_dtype = wire_dtype
        self._sequence = 0
        self._codebook_sent: dict[int, int] = {}

    def reals(self, key: BlockKey, ids: Int64, symbols: Tensor, beta: float | None = None) -> SymbolBlock:
        """The block of real symbols, (B, d) float32 without gradient."""
        return self._block(key, ids, RealPayload.rounded(symbols.numpy()[None], self._wire_dtype), beta)

    def levels(self, key: BlockKey, ids: Int64, indices: Tensor, beta: float | None = None) -> SymbolBlock:
        """The block of quantized symbols, given as (B, d) level indices 0 … T."""
        return self._block(key, ids, self._payload(indices, self._bits), beta)

    def adapted(
        self, key: BlockKey, ids: Int64, indices: Tensor, beta: float | None, setting: LinkSetting
    ) -> SymbolBlock:
        """The block of a query that is sent as a link's setting says, and says so."""
        bits = self._bits if setting.bits is None else setting.bits
        if not setting.sends:
            return self._block(key, ids, SilentPayload(), beta)
        form = LinkSetting(bits=bits, modulation=setting.modulation)
        return self._block(key, ids, self._payload(indices, bits), beta, form)

    def _payload(self, indices: Tensor, bits: int) -> LevelPayload:
        """The levels of a block, merged to so many bits; each number of bits has a codebook of its own."""
        merged = MergedLevels(self._bits - bits)
        version = self._model.steps  # the codebook changes with each optimiser step
        sent = merged.indices(indices.to(torch.uint8)).numpy()
        return LevelPayload(sent, version, self._unsent_levels(version, bits, merged))

    def _unsent_levels(self, version: int, bits: int, merged: MergedLevels) -> Float32 | None:
        if self._codebook_sent.get(bits) == version:
            return None
        codebook = self._model.codebook
        assert codebook is not None  # or there would be no level indices
        self._codebook_sent[bits] = version
        with torch.no_grad():
            levels: Float32 = (merged.levels(codebook.levels()) if merged.shift else codebook.levels()).numpy()
        return levels

    def _block(
        self, key: BlockKey, ids: Int64, payload: Payload, beta: float | None, form: LinkSetting = AS_CONFIGURED
    ) -> SymbolBlock:
        """The next block, which says its form where that may differ from the settings'."""
        bits, modulation = form.bits, form.modulation
        block = SymbolBlock(self._link, self._sequence, key, ids, payload, beta, bits=bits, modulation=modulation)
        self._sequence += 1
        return block
