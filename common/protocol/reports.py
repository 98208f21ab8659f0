"""A device's reports on its own work: the cost of its blocks, the entropy of its symbols, its rate."""

from dataclasses import dataclass

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.phases import Phase, Symbols


@dataclass(frozen=True, slots=True)
class UplinkCost:
    """The cost of blocks on the uplink, at the levels that differ from block to block. Costs can be added.

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
    """The entropy of the symbols that a device sent under one β.

    Attributes:
        beta: the β of these samples.
        samples: how many were sent under it since the run began or started over.
        bits: a symbol, the mean entropy of its d marginals over these samples; None for real symbols (T = 0).
    """

    beta: float
    samples: int
    bits: float | None


@dataclass(frozen=True, slots=True)
class EpochReport:
    """The end of an epoch at a device, with its mean KL bound a sample, in nats, which only the device knows."""

    epoch: int
    rate_nats: float


@dataclass(frozen=True, slots=True)
class PassReport:
    """The cost of one pass on a device's uplink and, for passes of queries, their times.

    Attributes:
        hops: names of the columns of `hop_times_ns`; for a load pass names of time stamps, as in `workload.LinkStamps`.
        hop_times_ns: (blocks, hops) int64: durations for a serving pass, time stamps for a load pass.
        entropies: for each β that made a block of a serving pass of β-conditioned networks.
    """

    phase: Phase
    symbols: Symbols
    cost: UplinkCost
    hops: tuple[str, ...]
    hop_times_ns: Int64
    entropies: tuple[SymbolEntropy, ...] = ()
