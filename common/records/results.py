"""The reports of a run: one record per epoch, the test errors before it serves, one result at its end."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.live_channel import LiveChannel
from splitwave.common.protocol.reports import UplinkCost

ENCODE_HOP = "encode"
"""The hop before a device sends; latency counts from the sending on."""
FUSE_WAIT_HOP = "fuse wait"
"""The hop in which symbols that arrived wait for those of the other links."""
DEVICE_LINK_HOP = "device link"
"""The time from sending to answer that no other party accounts for: transport, and the device's own part."""
DECODE_HOP = "decode"


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One epoch of training.

    Attributes:
        epoch: from 0.
        step: steps finished.
        distortion: the task's loss, mean over the samples of the epoch's (noisy) training passes.
        rate_nats: per link, mean KL bound a sample.
        training_error: mean error in those passes, in the unit of the task, such as a share of wrong classes.
        validation_error: the same with hard symbols on the held-out samples; None where none are held out.
    """

    epoch: int
    step: int
    distortion: float
    rate_nats: tuple[float, ...]
    training_error: float
    validation_error: float | None
    samples_per_s: float
    seconds: float


def epoch_from_fields(fields: Mapping[str, object]) -> EpochRecord:
    """Make a record of what `dataclasses.asdict` makes of one, read back from JSON.

    Raises:
        TypeError: these are not its fields.
    """
    rates = fields["rate_nats"]
    if not isinstance(rates, list):
        raise TypeError(f"rate_nats = {rates}: expected a list")
    return EpochRecord(**{**fields, "rate_nats": tuple(map(float, rates))})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The test passes of a run, reported before it serves.

    Attributes:
        error, error_soft: as in `RunResult`.
    """

    error: float
    error_soft: float


@dataclass(frozen=True, slots=True)
class LinkUse:
    """The cost of a run's queries on one link.

    Attributes:
        queries: that the link took part in.
        sent: of them, those with symbols; the link was silent in the others.
        bits: information bits of all of them.
        symbols: channel symbols of all of them, without pilots.
    """

    queries: int = 0
    sent: int = 0
    bits: int = 0
    symbols: int = 0

    def __add__(self, other: "LinkUse") -> "LinkUse":
        """The cost of both."""
        return LinkUse(
            self.queries + other.queries,
            self.sent + other.sent,
            self.bits + other.bits,
            self.symbols + other.symbols,
        )


@dataclass(frozen=True, slots=True)
class ServedQueries:
    """Queries that were answered in finished serving passes.

    Attributes:
        queries: how many.
        distinct_samples: how many samples of the test split they asked about.
        error: the queries' mean error, as in `RunResult`.
        uses: by link, what all queries of a run that adapts its links cost; else empty.
    """

    queries: int
    distinct_samples: int
    error: float
    uses: tuple[LinkUse, ...] = ()


@dataclass(frozen=True, slots=True)
class ServedAtBeta:
    """The queries that were answered while the links had these β.

    Attributes:
        betas: by link; every one of these blocks was encoded and decoded under them.
        totals: of these queries.
        symbol_entropy_bits: mean over the links of `messages.SymbolEntropy` at their β; None for real symbols.
    """

    betas: tuple[float, ...]
    totals: ServedQueries
    symbol_entropy_bits: float | None


@dataclass(frozen=True, slots=True)
class ServedByLinks:
    """The queries whose answers were computed from the symbols of these links, ascending."""

    links: tuple[int, ...]
    totals: ServedQueries


@dataclass(frozen=True, slots=True)
class ServedByChannel:
    """The queries whose symbols met these states of the links.

    Attributes:
        channels: by link; empty for the queries under all states beyond the first 1,024.
        totals: of these queries.
    """

    channels: tuple[LiveChannel, ...]
    totals: ServedQueries


@dataclass(frozen=True, slots=True)
class RunResult:
    """The end of a run.

    Attributes:
        steps: training steps taken (0 for inference only).
        samples_per_s: training samples a second, validation passes excluded; 0 without training.
        error, error_soft: mean error on the test split, in the unit of the task, with hard and with soft symbols over
            the same channel noise.
        costs: of the hard test pass, by link; the codebook counts if no pass sent these levels before.
        hops: what the columns of `hop_times_ns` are; `encode` first, all others lie between sending and prediction.
        hop_times_ns: (single samples of all links, hops).
        weights_sha256: over all parties' parameters, devices by link, base station last.
        queries: all that serving answered.
        served: those of β-conditioned networks by the links' β, in the order of the β.
        by_links: all of them by the links that their answers were computed from, most links first.
        by_channel: all of them by the states of the links, where live control changed one; else empty.
    """

    steps: int
    samples_per_s: float
    error: float
    error_soft: float
    costs: tuple[UplinkCost, ...]
    hops: tuple[str, ...]
    hop_times_ns: Int64
    weights_sha256: str
    queries: ServedQueries
    served: tuple[ServedAtBeta, ...] = ()
    by_links: tuple[ServedByLinks, ...] = ()
    by_channel: tuple[ServedByChannel, ...] = ()

    def latency_ms(self, percentile: float) -> float:
        """Device send → prediction, single samples, at a percentile in [0, 100]."""
        sent = [column for column, hop in enumerate(self.hops) if hop != ENCODE_HOP]
        return float(np.percentile(self.hop_times_ns[:, sent].sum(axis=1), percentile)) / 1e6

    @property
    def wire_bytes_per_sample_per_link(self) -> float:
        """Serialised uplink messages of the hard test pass, bytes a sample and link."""
        total = sum(self.costs, UplinkCost())
        return total.message_bytes / total.samples
