"""Divides a query's latency into hops: differences between the time stamps of a load pass, taken with one clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from splitwave.benchmarks.readings.percentiles import percentile
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.workload import LinkStamps


@dataclass(frozen=True, slots=True)
class Hop:
    """The time between two stamps, and the party responsible for it."""

    name: str
    begin: str
    end: str
    party: str


HOPS = (
    Hop("start delay", "due", "started", "device"),
    Hop("encode", "started", "encoded", "device"),
    Hop("quantize + pack", "encoded", "packed", "device"),
    Hop("device → channel", "packed", "channel_in", "transport"),
    Hop("emulate", "channel_in", "channel_out", "channel"),
    Hop("channel → base station", "channel_out", "arrived", "transport"),
    Hop("fuse wait", "arrived", "fused", "base station"),
    Hop("decode queue", "fused", "decoding", "base station"),
    Hop("decode", "decoding", "decoded", "base station"),
    Hop("reply", "decoded", "received", "transport"),
)
"""The hops have no gap or overlap from `due` to `received`, so they add up to the latency of one link."""


def without_dropped(links: Sequence[LinkStamps]) -> list[LinkStamps]:
    """Return the stamps of the queries that every link sent; those that a device dropped have no latency."""
    dropped = np.unique(np.concatenate([stamps.dropped for stamps in links]))
    if not dropped.size:
        return list(links)
    return [replace(stamps, at_ns=np.delete(stamps.at_ns, dropped, axis=0)) for stamps in links]


def hop_times_ns(stamps: LinkStamps) -> Int64:
    """Return the hop times of one link, (queries, len(HOPS)) int64 nanoseconds."""
    return np.stack([at(stamps, hop.end) - at(stamps, hop.begin) for hop in HOPS], axis=1)


def at(stamps: LinkStamps, name: str) -> Int64:
    """Return one stamp of all queries, (queries,) int64 nanoseconds.

    Raises:
        ValueError: there is no stamp of this name.
    """
    column: Int64 = stamps.at_ns[:, stamps.names.index(name)]
    return column


def latency_ns(links: Sequence[LinkStamps]) -> Int64:
    """Return the latency of each query, (queries,) int64: from due on the last link to answered on all links.

    A query cannot be answered before its part is due on every link. Device processes start their schedules when they
    receive the workload, and the resulting difference is not latency but skew, see `skew_ns`.
    """
    answered = np.stack([at(stamps, "received") for stamps in links]).max(axis=0)
    waited: Int64 = answered - np.stack([at(stamps, "due") for stamps in links]).max(axis=0)
    return waited


def skew_ns(links: Sequence[LinkStamps]) -> Int64:
    """Return the skew of each query, (queries,) int64: the time between its due times on the first and last link."""
    apart: Int64 = np.ptp(np.stack([at(stamps, "due") for stamps in links]), axis=0)
    return apart


def lateness_ns(links: Sequence[LinkStamps]) -> Int64:
    """Return the lateness of each query, (queries,) int64: the longest time, over links, from due to started."""
    waits = np.stack([at(stamps, "started") - at(stamps, "due") for stamps in links])
    longest: Int64 = waits.max(axis=0)
    return longest


def span_s(links: Sequence[LinkStamps]) -> float:
    """Return the seconds from the first start of a query on any link to the last answer on any link."""
    first = min(int(at(stamps, "started").min()) for stamps in links)
    last = max(int(at(stamps, "received").max()) for stamps in links)
    return (last - first) / 1e9


def hop_table(links: Sequence[LinkStamps], airtime_s: float) -> str:
    """Format one line per hop with median, p99 and share of the sum of medians, and the modelled airtime below."""
    times = np.concatenate([hop_times_ns(stamps) for stamps in links])
    medians = [percentile(times[:, column], 50) for column in range(len(HOPS))]
    total = max(sum(medians), 1)
    lines = [f"{'hop':<24}{'p50 ms':>9}{'p99 ms':>9}{'share':>8}"]
    for column, hop in enumerate(HOPS):
        p99 = percentile(times[:, column], 99)
        lines.append(f"{hop.name:<24}{medians[column] / 1e6:>9.3f}{p99 / 1e6:>9.3f}{medians[column] / total:>8.1%}")
    whole = latency_ns(links)
    lines.append(f"{'sum of medians':<24}{total / 1e6:>9.3f}")
    lines.append(f"{'due → received':<24}{percentile(whole, 50) / 1e6:>9.3f}{percentile(whole, 99) / 1e6:>9.3f}")
    lines.append(f"{'airtime, modelled':<24}{airtime_s * 1e3:>9.3f}{'':>9}{'beside':>8}")
    return "\n".join(lines)
