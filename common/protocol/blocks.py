"""Blocks of symbols, the payload of the uplink, and the keys that name them.

Shapes: B samples, d features, T+1 levels, L noise draws.
"""

from dataclasses import dataclass
from typing import NamedTuple

from splitwave.common.protocol.arrays import Bytes, Float32, Int64
from splitwave.common.protocol.live_channel import LiveChannel
from splitwave.common.protocol.phases import Phase
from splitwave.common.wire_dtype import WireDtype, rounded


class BlockKey(NamedTuple):
    """Identifies a block within a run; a tuple, because each party looks a block up several times.

    Attributes:
        phase: the part of the run that the block belongs to.
        step: training step, the epoch of a validation pass, the count of a serving or load pass, else 0.
        micro_batch: micro-batch within a step, or number of the block within a pass.
    """

    phase: Phase
    step: int
    micro_batch: int

    def __str__(self) -> str:
        return f"{self.phase.name.lower()} step {self.step} micro-batch {self.micro_batch}"


@dataclass(frozen=True, slots=True)
class LevelPayload:
    """Hard symbols.

    Attributes:
        indices: (B, d) uint8 level indices 0 … T.
        codebook: (T+1,) float32 levels if this version is new to the stream, else None.
    """

    indices: Bytes
    codebook_version: int
    codebook: Float32 | None


@dataclass(frozen=True, slots=True)
class RealPayload:
    """Real symbols: (L, B, d) float32; L = 1 before the channel.

    Attributes:
        dtype: in which they travel; they are rounded to it.
    """

    values: Float32
    dtype: WireDtype = "float32"

    @classmethod
    def rounded(cls, values: Float32, dtype: WireDtype) -> "RealPayload":
        """The symbols as they arrive."""
        return cls(rounded(values, dtype), dtype)


@dataclass(frozen=True, slots=True)
class SilentPayload:
    """A link sends nothing but its pilots: the decoder sees zeros."""


Payload = LevelPayload | RealPayload | SilentPayload


@dataclass(frozen=True, slots=True)
class SymbolBlock:
    """The features of B samples.

    Attributes:
        sequence: counts the blocks of one stream from 0.
        sample_ids: (B,) int64 places in the split.
        beta: the β under which a β-conditioned encoder made a query's block; else None.
        model: the number of the model that encoded a live query; 0 for all other blocks.
        channel: the state of the link that the block met, where live control has changed it; else None.
        bits: a level, of a serving block of a run that adapts its links; else None.
        modulation: likewise, where it is not that of the run's settings.
        measured_psnr_db: peak PSNR in dB that the block met, from the emulator's receiver if that knows the channel.
    """

    link: int
    sequence: int
    key: BlockKey
    sample_ids: Int64
    payload: Payload
    beta: float | None = None
    model: int = 0
    channel: LiveChannel | None = None
    bits: int | None = None
    modulation: str | None = None
    measured_psnr_db: float | None = None
