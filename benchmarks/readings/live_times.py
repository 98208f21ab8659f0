"""Times of live queries by hop, and those of a load pass in the same hops, so that both stand in one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from splitwave.benchmarks.readings.hop_table import at
from splitwave.benchmarks.readings.percentiles import percentile
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.workload import LinkStamps
from splitwave.common.records.results import DECODE_HOP, DEVICE_LINK_HOP, ENCODE_HOP, FUSE_WAIT_HOP
from splitwave.device.application.hops import (
    APPLICATION_HOP,
    BACKHAUL_HOP,
    EMULATE_HOP,
    QUEUE_HOP,
    SEND_HOP,
)

CALLER_HOP = "caller"
"""Between the application and the device: the application's time less the hops that the device reports. Through a
socket that is the socket with both of its ends; in the application's own process, the wake-up of the thread that waits.
"""
DEVICE_HOPS = (
    APPLICATION_HOP,
    ENCODE_HOP,
    SEND_HOP,
    DEVICE_LINK_HOP,
    EMULATE_HOP,
    BACKHAUL_HOP,
    FUSE_WAIT_HOP,
    QUEUE_HOP,
    DECODE_HOP,
)
"""The hops that a device reports with each answer."""
LIVE_HOPS = (CALLER_HOP, *DEVICE_HOPS)


@dataclass(frozen=True, slots=True)
class Answered:
    """One query of one link, on the application's clock.

    Attributes:
        called_ns: the application had the sample.
        answered_ns: it had the answer.
        hops_ns: that the device reported, by name.
    """

    called_ns: int
    answered_ns: int
    hops_ns: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LinkTimes:
    """The queries of one link in one repetition.

    Attributes:
        called_ns: (queries,) int64, the application had the sample.
        answered_ns: (queries,) int64, it had the answer.
        hops_ns: (queries, len(LIVE_HOPS)) int64; each row adds up to `answered_ns - called_ns`.
    """

    called_ns: Int64
    answered_ns: Int64
    hops_ns: Int64

    @classmethod
    def of_application(cls, queries: Sequence[Answered]) -> "LinkTimes":
        """The times of an application; the caller's hop is what the device does not account for."""
        called = np.array([query.called_ns for query in queries], dtype=np.int64)
        answered = np.array([query.answered_ns for query in queries], dtype=np.int64)
        reported = np.array(
            [[query.hops_ns.get(hop, 0) for hop in DEVICE_HOPS] for query in queries], dtype=np.int64
        ).reshape(len(queries), len(DEVICE_HOPS))
        caller = answered - called - reported.sum(axis=1)
        return cls(called, answered, np.column_stack([caller, reported]))

    @classmethod
    def of_pass(cls, stamps: LinkStamps) -> "LinkTimes":
        """The times of a load pass through a channel emulator, in the hops of a live query.

        A pass has no caller, and its start delay takes the place of the application. It quantizes after `encoded`, so
        that quantization is part of `send`, whereas a live device counts it as `encode`.
        """

        def between(begin: str, end: str) -> Int64:
            span: Int64 = at(stamps, end) - at(stamps, begin)
            return span

        at_station, beyond = between("arrived", "decoded"), between("channel_in", "channel_down")
        hops = {
            CALLER_HOP: np.zeros_like(at_station),
            APPLICATION_HOP: between("due", "started"),
            ENCODE_HOP: between("started", "encoded"),
            SEND_HOP: between("encoded", "sent"),
            DEVICE_LINK_HOP: between("sent", "received") - beyond,
            EMULATE_HOP: between("channel_in", "channel_out") + between("channel_back", "channel_down"),
            BACKHAUL_HOP: between("channel_out", "channel_back") - at_station,
            FUSE_WAIT_HOP: between("arrived", "fused"),
            QUEUE_HOP: between("fused", "decoding"),
            DECODE_HOP: between("decoding", "decoded"),
        }
        return cls(at(stamps, "due"), at(stamps, "received"), np.column_stack([hops[name] for name in LIVE_HOPS]))


def query_ns(links: Sequence[LinkTimes]) -> Int64:
    """The time of each query, (queries,) int64: from its last part at an application to its last answer there."""
    answered = np.stack([link.answered_ns for link in links]).max(axis=0)
    whole: Int64 = answered - np.stack([link.called_ns for link in links]).max(axis=0)
    return whole


def query_ms(links: Sequence[LinkTimes], percent: float) -> float:
    """A percentile of `query_ns`, in milliseconds."""
    return percentile(query_ns(links), percent) / 1e6


def hop_ms(links: Sequence[LinkTimes], hop: str, percent: float) -> float:
    """A percentile of one hop over all queries and links, in milliseconds."""
    column = LIVE_HOPS.index(hop)
    return percentile(np.concatenate([link.hops_ns[:, column] for link in links]), percent) / 1e6


def part_ms(links: Sequence[LinkTimes], percent: float) -> float:
    """A percentile of the time of one part, the sum of its hops, in milliseconds."""
    return percentile(np.concatenate([link.answered_ns - link.called_ns for link in links]), percent) / 1e6


def elapsed_s(links: Sequence[LinkTimes]) -> float:
    """Seconds from the first query to the last answer."""
    first = min(int(link.called_ns.min()) for link in links)
    return (max(int(link.answered_ns.max()) for link in links) - first) / 1e9
