"""What the parties say to each other, as plain data: the protocol without its encoding.

Shapes: B samples, d features, T+1 levels, L noise draws.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from splitwave.common.protocol.workload import Workload
from splitwave.common.tasks.task import Answers

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]
Bytes = NDArray[np.uint8]

PROTOCOL_VERSION = 4


class Phase(IntEnum):
    """What a block is part of. Numbered as on the wire; also a coordinate of the block's channel noise."""

    TRAIN = 1
    VALIDATION = 2
    TEST = 3
    SERVE = 4
    LOAD = 5

    @property
    def is_of_queries(self) -> bool:
        """Whether its blocks are queries, which the knob is for."""
        return self in (Phase.SERVE, Phase.LOAD)


class Symbols(IntEnum):
    """Whether a pass sends hard symbols (as deployed) or soft ones (as trained)."""

    HARD = 1
    SOFT = 2


@dataclass(frozen=True, slots=True)
class BlockKey:
    """Identifies a block within a run.

    Attributes:
        phase: what it is part of.
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
    """Hard symbols: (B, d) uint8 level indices 0 … T, and the (T+1,) float32 levels when they are new to the stream."""

    indices: Bytes
    codebook_version: int
    codebook: Float32 | None


@dataclass(frozen=True, slots=True)
class RealPayload:
    """Real symbols: (L, B, d) float32; L = 1 before the channel."""

    values: Float32


@dataclass(frozen=True, slots=True)
class Hello:
    """A device's first words: who it is, what it can do, which protocol it speaks, which link it would like.

    A device without a wish that comes back from the same `host` is given its link again.
    """

    protocol_version: int
    device_id: str
    software: str
    link: int | None
    max_dimension: int
    host: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """The device has its data and its encoder."""

    train_samples: int
    test_samples: int
    data_digest: str


@dataclass(frozen=True, slots=True)
class SymbolBlock:
    """The features of B samples.

    Attributes:
        sequence: counts the blocks of one stream from 0.
        sample_ids: (B,) int64 places in the split.
        beta: the β that made a query's block, of networks that are told β; else None.
    """

    link: int
    sequence: int
    key: BlockKey
    sample_ids: Int64
    payload: LevelPayload | RealPayload
    beta: float | None = None


@dataclass(frozen=True, slots=True)
class UplinkCost:
    """What blocks cost on the uplink, at the levels that differ from block to block; costs add up.

    Attributes:
        samples: in these blocks.
        packed_bytes: their symbols, each block packed to whole bytes.
        message_bytes: the serialised uplink messages that carry them.
    """

    samples: int = 0
    packed_bytes: int = 0
    message_bytes: int = 0

    def __add__(self, other: "UplinkCost") -> "UplinkCost":
        """The cost of both."""
        return UplinkCost(
            self.samples + other.samples,
            self.packed_bytes + other.packed_bytes,
            self.message_bytes + other.message_bytes,
        )


@dataclass(frozen=True, slots=True)
class SymbolEntropy:
    """How much the symbols say that a device sent under one β.

    Attributes:
        beta: which.
        samples: how many were sent under it since the run began or started over.
        bits: a symbol, the mean entropy of its d marginals over these samples; None for real symbols (T = 0).
    """

    beta: float
    samples: int
    bits: float | None


@dataclass(frozen=True, slots=True)
class EpochReport:
    """What only the device knows of an epoch that it has finished: its mean KL bound a sample, in nats."""

    epoch: int
    rate_nats: float


@dataclass(frozen=True, slots=True)
class PassReport:
    """What one pass cost a device on its uplink; when serving, (blocks, hops) int64 nanoseconds besides.

    Of a load pass `hops` are names of time stamps and `hop_times_ns` the stamps, as in `workload.LinkStamps`.
    `entropies`: when serving with networks that are told β, of each β that made a block of the pass.
    """

    phase: Phase
    symbols: Symbols
    cost: UplinkCost
    hops: tuple[str, ...]
    hop_times_ns: Int64
    entropies: tuple[SymbolEntropy, ...] = ()


@dataclass(frozen=True, slots=True)
class PartSaved:
    """The device's part of a checkpoint is on its disk."""

    step: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """The device cannot go on, and says why before it leaves."""

    reason: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """The lease of a link and the run's settings; `restore_sha256` asks for a checkpoint part, not fresh weights.

    Said again on the same stream, it starts the run over.
    """

    protocol_version: int
    run_id: str
    link: int
    settings_json: str
    restore_sha256: str | None


@dataclass(frozen=True, slots=True)
class TrainStep:
    """Step `step`, counted over the run from 0, begins."""

    step: int


@dataclass(frozen=True, slots=True)
class Gradient:
    """The answer to a training block: ∂d/∂ẑ of the task's loss, (L, B, d) float32; (1, B, d) behind the adjoint."""

    key: BlockKey
    values: Float32


@dataclass(frozen=True, slots=True)
class Evaluate:
    """A pass over the data that `phase` names begins; `step` is as in `BlockKey`. Load passes alone have a `load`."""

    phase: Phase
    step: int
    symbols: Symbols
    workload: Workload | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """Nanoseconds that a block spent somewhere, measured by one party on its own clock."""

    name: str
    duration_ns: int


@dataclass(frozen=True, slots=True)
class ChannelStamps:
    """When a query came to the emulator and left it, and its answer likewise."""

    in_ns: int
    out_ns: int
    back_ns: int
    down_ns: int


@dataclass(frozen=True, slots=True)
class Stamps:
    """When a query of a load pass was where, before its answer reaches the device; see `workload.LinkStamps`.

    Attributes:
        arrived_ns: this link's part was at the base station.
        fused_ns: so were all others.
        decoding_ns: its turn at the decoder had come.
        decoded_ns: it was answered.
        channel: of the emulator, if there is one.
    """

    arrived_ns: int
    fused_ns: int
    decoding_ns: int
    decoded_ns: int
    channel: ChannelStamps | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answers to an evaluation block, one a sample, and where its time went.

    `hops` are of serving passes, `stamps` of load passes.
    """

    key: BlockKey
    answers: Answers
    hops: tuple[Hop, ...] = ()
    stamps: Stamps | None = None


@dataclass(frozen=True, slots=True)
class SaveCheckpoint:
    """Write the part of the checkpoint that follows `step` training steps."""

    step: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The run is over; the device may leave."""


@dataclass(frozen=True, slots=True)
class SetBeta:
    """The β of the link's serving blocks, from the next one on."""

    beta: float


Uplink = Hello | Ready | SymbolBlock | EpochReport | PassReport | PartSaved | Leaving
Downlink = Welcome | TrainStep | Gradient | Evaluate | Prediction | SaveCheckpoint | Finish | SetBeta
