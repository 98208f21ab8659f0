"""The outcome of a pass over evaluation data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from splitwave.basestation.fusion.block_collector import Command
from splitwave.basestation.run.served_queries import QueryCounts
from splitwave.common.protocol.arrays import Int64
from splitwave.common.protocol.reports import PassReport


@dataclass(frozen=True, slots=True)
class PassOutcome:
    """The outcome of a pass.

    Attributes:
        command: which pass it was.
        error: the answers' mean error.
        reports: the devices', by link.
        counts: of a serving pass's queries.
        answers_sha256: of all answers, in the order in which they were given.
    """

    command: Command
    error: float
    reports: Mapping[int, PassReport]
    counts: QueryCounts
    answers_sha256: str


def merge_hops(reports: Sequence[PassReport]) -> tuple[tuple[str, ...], Int64]:
    """All links' hop times in one table; a link without an emulator spent no time in the emulator's hops."""
    hops = tuple(dict.fromkeys(hop for report in sorted(reports, key=_most_hops_first) for hop in report.hops))
    rows = np.zeros((sum(len(report.hop_times_ns) for report in reports), len(hops)), dtype=np.int64)
    start = 0
    for report in reports:
        end = start + len(report.hop_times_ns)
        rows[start:end, [hops.index(hop) for hop in report.hops]] = report.hop_times_ns
        start = end
    return hops, rows


def _most_hops_first(report: PassReport) -> int:
    return -len(report.hops)
