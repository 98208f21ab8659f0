"""The contract of one link, and the levels of its indices."""

from dataclasses import dataclass

import numpy as np

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import LevelPayload, SilentPayload, SymbolBlock
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.tasks.task import Task
from splitwave.common.wire_dtype import WireDtype, symbol_bits

_PEAK = 1 + 1e-5
"""Largest size of a quantized symbol, P_max = 1 of eq. (20), with room for rounding."""


@dataclass(frozen=True, slots=True)
class LinkContract:
    """The shape of everything that crosses one link of a run.

    Attributes:
        dimension: d, symbols per sample; behind a receiver that gives its channel state on, d + `inputs` values.
        breakpoints: T; 0 means real symbols in every phase.
        draws: L, noise draws of a training block behind the channel.
        max_samples: the largest block.
        hard_training: whether training blocks carry level indices (straight-through) too.
        task: defines the answers.
        carries_beta: whether serving blocks carry the β with which they were encoded.
        links: K, how many links the run has.
        inputs: how many of the `dimension` values are channel state; 0 before the channel.
        adapts: whether serving blocks say how they were sent, which may differ from the run's settings.
        wire_dtype: of real symbols and gradients.
    """

    link: int
    dimension: int
    breakpoints: int
    draws: int
    max_samples: int
    hard_training: bool
    task: Task
    carries_beta: bool
    links: int
    inputs: int = 0
    adapts: bool = False
    wire_dtype: WireDtype = "float32"

    @property
    def bits(self) -> int:
        """Bits per packed symbol, ⌈log2(T+1)⌉; without a quantizer those of a real one."""
        return symbol_bits(self.breakpoints, self.wire_dtype)

    def levels(self, bits: int | None) -> int:
        """The number of levels of a block with these bits a level; None for the bits of the settings.

        Merged levels share the upper bits of their indices.
        """
        return self.breakpoints + 1 if bits is None else (self.breakpoints >> (self.bits - bits)) + 1


class SymbolReader:
    """Turns the blocks of one stream into real symbols; remembers the stream's codebook and sequence."""

    def __init__(self, contract: LinkContract) -> None:
        self._contract = contract
        self._codebooks: dict[int, tuple[int, Float32]] = {}
        self._last: Float32 | None = None
        self._sequence = 0

    @property
    def levels(self) -> Float32:
        """(T+1,) float32, the codebook of the last block with level indices; fewer levels if it merged them.

        Raises:
            ProtocolError: none has come.
        """
        if self._last is None:
            raise ProtocolError("no codebook was sent on this stream")
        return self._last

    def read(self, block: SymbolBlock) -> Float32:
        """(L, B, d) float32 symbols.

        Raises:
            ProtocolError: wrong link, out of sequence, an unknown codebook version, an index above T, or L draws
                where the phase has one.
        """
        contract = self._contract
        if block.link != contract.link:
            raise ProtocolError(f"a block for link {block.link} came over link {contract.link}")
        if block.sequence != self._sequence:
            raise ProtocolError(f"block {block.sequence} came out of sequence: expected {self._sequence}")
        self._sequence += 1
        if isinstance(block.payload, SilentPayload):
            return np.zeros((1, len(block.sample_ids), contract.dimension), dtype=np.float32)
        if isinstance(block.payload, LevelPayload):
            return np.take(self._codebook(block.payload, block.bits), block.payload.indices)[None]
        draws = block.payload.values.shape[0]
        if draws not in (1, contract.draws if block.key.phase is Phase.TRAIN else 1):
            raise ProtocolError(f"a {block.key} block has {draws} noise draws: expected 1 or {contract.draws}")
        return block.payload.values

    def _codebook(self, payload: LevelPayload, bits: int | None) -> Float32:
        """The levels of a block; each number of bits has a codebook of its own."""
        number = self._contract.bits if bits is None else bits
        version, levels = self._codebooks.get(number, (-1, None))
        if payload.codebook is not None:
            if payload.codebook_version <= version:
                raise ProtocolError(f"a codebook of version {payload.codebook_version} came after version {version}")
            version, levels = payload.codebook_version, payload.codebook
            self._codebooks[number] = version, levels
        if levels is None or payload.codebook_version != version:
            raise ProtocolError(
                f"codebook version {payload.codebook_version} was not sent on this stream; it has {version}"
            )
        highest = self._contract.levels(bits) - 1
        if payload.indices.size and int(payload.indices.max()) > highest:
            raise ProtocolError(f"level index {payload.indices.max()} exceeds T = {highest}")
        self._last = levels
        return levels


def check_transmitted(block: SymbolBlock, contract: LinkContract, symbols: Symbols) -> None:
    """Check a block before the channel: it must be quantized if the settings say so, with one draw and |z̃| ≤ 1.

    Args:
        block: as the device sent it.
        contract: of its link.
        symbols: what the pass under way asks for; training follows the contract.

    Raises:
        ProtocolError: the block violates one of these.
    """
    if isinstance(block.payload, SilentPayload):
        return
    if contract.breakpoints == 0:
        symbols = Symbols.SOFT  # T = 0: no quantizer, real symbols of any size in every phase
    elif block.key.phase is Phase.TRAIN:
        symbols = Symbols.HARD if contract.hard_training else Symbols.SOFT
    if isinstance(block.payload, LevelPayload) != (symbols is Symbols.HARD):
        kind = "level indices" if symbols is Symbols.HARD else "real symbols"
        raise ProtocolError(f"{block.key} came as {type(block.payload).__name__}: expected {kind}")
    if isinstance(block.payload, LevelPayload):
        return
    values = block.payload.values
    if values.shape[0] != 1:
        raise ProtocolError(f"{block.key} has {values.shape[0]} noise draws before the channel: expected 1")
    if contract.breakpoints and float(np.abs(values).max()) > _PEAK:
        raise ProtocolError(f"{block.key} has a symbol of size {np.abs(values).max()}: quantized symbols are within ±1")
