"""Workloads, the queries that a base station makes its devices send, and the time stamps of each query."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import ProtocolError
from splitwave.common.randomness import Purpose, generator

DEVICE_STAMPS = ("due", "started", "encoded", "packed", "sent")
CHANNEL_UP_STAMPS = ("channel_in", "channel_out")
BASESTATION_STAMPS = ("arrived", "fused", "decoding", "decoded")
CHANNEL_DOWN_STAMPS = ("channel_back", "channel_down")
STAMPS = (*DEVICE_STAMPS, *CHANNEL_UP_STAMPS, *BASESTATION_STAMPS, *CHANNEL_DOWN_STAMPS, "received")
"""The names of the time stamps of a query, in the order in which they are taken."""
DIRECT_STAMPS = tuple(name for name in STAMPS if not name.startswith("channel_"))
"""The names of the time stamps on a link without an emulator."""

MAX_QUERIES = 250_000
"""Largest number of queries of a workload: the stamps of one link travel in one message, 112 bytes a query."""
MAX_WINDOW = 256
"""Limit of queries in flight per link in a closed loop, equal to that of `runtime.credits`."""
MAX_OPEN_SAMPLES = 4096
"""Limit of samples in flight per link in an open loop. At the limit queries are sent late, as their stamps show."""
MAX_WAITING_QUERIES = 256
"""Limit of due queries of an open loop that wait at a device, where the oldest are dropped beyond it."""
MAX_DURATION_S = 86_400.0
"""Longest schedule of an open loop, on average."""


class Overflow(StrEnum):
    """The treatment of due queries of an open loop that cannot be sent in time."""

    BLOCK = "block"  # all wait, and are sent late
    DROP_OLDEST = "drop-oldest"  # at most `MAX_WAITING_QUERIES` wait: older ones are never sent


@dataclass(frozen=True, slots=True)
class Workload:
    """Queries that each device sends over its link; query n of all links makes one question.

    Attributes:
        queries: how many.
        samples: of each, drawn from the test split as `RunPlan.block_ids` says.
        window: of a closed loop, the queries that a link has in flight. An open loop has up to `credits`.
        rate_per_s: of an open loop, whose queries are due as a Poisson process of this rate, answered or not; 0 is a
            closed loop, whose next query is due as soon as an answer makes room in the window.
        seed: of the schedule.
        overflow: the treatment of queries of an open loop that cannot be sent in time.
    """

    queries: int
    samples: int
    window: int
    rate_per_s: float
    seed: int
    overflow: Overflow = Overflow.BLOCK

    @property
    def most_waiting(self) -> int | None:
        """Due queries that may wait at a device; None for no limit. The last query is always among them."""
        return MAX_WAITING_QUERIES if self.overflow is Overflow.DROP_OLDEST else None

    @property
    def is_open(self) -> bool:
        """Whether queries have a schedule, whatever the answers do."""
        return self.rate_per_s > 0

    @property
    def credits(self) -> int:
        """Queries that a link may have unanswered."""
        return max(1, MAX_OPEN_SAMPLES // self.samples) if self.is_open else self.window

    def schedule_ns(self) -> NDArray[np.int64]:
        """(queries,) nanoseconds from the workload's start at which queries are due; zeros for a closed loop.

        Drawn in advance and from the seed alone, so that it is the same on every device.
        """
        if not self.is_open:
            return np.zeros(self.queries, dtype=np.int64)
        gaps_s = generator(self.seed, Purpose.ARRIVALS).exponential(1 / self.rate_per_s, self.queries)
        return np.rint(np.cumsum(gaps_s) * 1e9).astype(np.int64)


@dataclass(frozen=True, slots=True)
class LinkStamps:
    """The time stamps of each query of a workload, on one link.

    All processes of a machine read one clock (`time.perf_counter_ns`, on Linux the monotonic one); across machines the
    difference of two parties' stamps means nothing.

    Attributes:
        names: `STAMPS`, or `DIRECT_STAMPS` of a link without an emulator.
        at_ns: (queries, names) int64 nanoseconds since a moment that is the machine's own; of a dropped query `due`
            alone, and otherwise zeros.
    """

    link: int
    names: tuple[str, ...]
    at_ns: NDArray[np.int64]

    @property
    def dropped(self) -> NDArray[np.int64]:
        """The numbers of the queries that the device dropped, ascending."""
        return dropped_queries(self.names, self.at_ns)


def dropped_queries(names: tuple[str, ...], at_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers of the queries that were never started, from the time stamps of a link."""
    return np.flatnonzero(at_ns[:, names.index("started")] == 0).astype(np.int64)


def check_workload(workload: Workload, block_size: int | None = None) -> None:
    """Refuse a workload that cannot be carried out.

    Args:
        workload: as requested.
        block_size: the run's `inference.block_size`, where it is known.

    Raises:
        ProtocolError: a value is out of its range; the message names it.
    """
    for name, value, lowest, highest in (
        ("queries", workload.queries, 1, MAX_QUERIES),
        ("samples", workload.samples, 1, None),
        ("window", workload.window, 1, MAX_WINDOW),
        ("seed", workload.seed, 0, (1 << 64) - 1),
    ):
        if value < lowest or (highest is not None and value > highest):
            expected = f"at least {lowest}" if highest is None else f"{lowest} to {highest}"
            raise ProtocolError(f"a workload with {name} = {value}: expected {expected}")
    rate = workload.rate_per_s
    if not (math.isfinite(rate) and rate >= 0):
        raise ProtocolError(f"a workload with rate_per_s = {rate}: expected a finite number, 0 or more")
    if workload.overflow is Overflow.DROP_OLDEST and not workload.is_open:
        raise ProtocolError("a workload with overflow = drop-oldest and rate_per_s = 0: only an open loop can overflow")
    if workload.is_open and workload.queries / rate > MAX_DURATION_S:
        raise ProtocolError(
            f"a workload with queries = {workload.queries} at rate_per_s = {rate}: expected to last at most "
            f"{MAX_DURATION_S:g} s"
        )
    if block_size is not None and workload.samples > block_size:
        raise ProtocolError(
            f"a workload with samples = {workload.samples}: expected at most "
            f"inference.block_size = {block_size} of this run"
        )
