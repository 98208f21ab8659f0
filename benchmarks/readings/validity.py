"""Checks the validity of a load pass: complete, stamps in order, long enough, and with a generator that kept up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from splitwave.benchmarks.readings.hop_table import (
    HOPS,
    hop_times_ns,
    latency_ns,
    lateness_ns,
    skew_ns,
    span_s,
    without_dropped,
)
from splitwave.benchmarks.readings.percentiles import percentile
from splitwave.common.protocol.workload import LinkStamps, Overflow, Workload


@dataclass(frozen=True, slots=True)
class Rules:
    """The requirements of a valid load pass.

    Attributes:
        min_queries: minimum number of queries.
        min_duration_s: minimum time from the start of the first query to the last answer.
        late_percentile: the percentile at which lateness is judged in an open loop.
    """

    min_queries: int
    min_duration_s: float
    late_percentile: float = 99.0


def find_faults(links: Sequence[LinkStamps], workload: Workload) -> list[str]:
    """Return the errors of a pass that a busy machine does not explain: missing answers, or stamps out of order."""
    if not links:
        return ["no link answered"]
    return [fault for stamps in links for fault in _find_link_faults(stamps, workload)]


def find_problems(links: Sequence[LinkStamps], workload: Workload, rules: Rules, *, kept_up: bool = True) -> list[str]:
    """Return the reasons why the numbers of a pass without faults are unreliable, for example on a busy machine.

    A late start alone is no problem, because latency is measured from the due time of a query; a generator that fell
    behind is one, unless `kept_up` is false.
    """
    problems = []
    links = without_dropped(links)
    queries, span = len(links[0].at_ns), span_s(links)
    if queries < rules.min_queries:
        problems.append(f"{queries} queries: expected at least {rules.min_queries}")
    if span < rules.min_duration_s:
        problems.append(f"{span:.2f} s of load: expected at least {rules.min_duration_s:g} s")
    if kept_up and workload.is_open:
        problems += find_generator_problems(links, rules)
    return problems


def find_generator_problems(links: Sequence[LinkStamps], rules: Rules) -> list[str]:
    """Return the reasons why an open loop measured its generator rather than the testbed; empty if it kept up.

    Some lateness is part of the measurement, because a device may be busy with the query before: up to half the latency
    of a slow query is allowed. The schedules of the links may differ by up to the median latency.
    """
    percent, latencies = rules.late_percentile, latency_ns(links)
    slow_ms, median_ms = percentile(latencies, percent) / 1e6, percentile(latencies, 50) / 1e6
    late_ms, skew_ms = (percentile(times, percent) / 1e6 for times in (lateness_ns(links), skew_ns(links)))
    problems = []
    if late_ms > slow_ms / 2:
        problems.append(
            f"p{percent:g} lateness {late_ms:.2f} ms: expected at most half the p{percent:g} latency, {slow_ms:.2f} ms"
        )
    if skew_ms > median_ms:
        problems.append(
            f"p{percent:g} skew of the links {skew_ms:.2f} ms: expected at most the p50 latency, {median_ms:.2f} ms"
        )
    return problems


def _find_link_faults(stamps: LinkStamps, workload: Workload) -> list[str]:
    if len(stamps.at_ns) != workload.queries:
        return [f"link {stamps.link}: {len(stamps.at_ns)} of {workload.queries} queries were answered"]
    if workload.overflow is Overflow.BLOCK and stamps.dropped.size:
        return [f"link {stamps.link}: {stamps.dropped.size} queries were dropped: expected none"]
    (sent,) = without_dropped([stamps])
    faults, times = [], hop_times_ns(sent)
    for column, hop in enumerate(HOPS):
        backwards = int(np.count_nonzero(times[:, column] < 0))
        if backwards:
            faults.append(f"link {stamps.link}: {hop.name} took less than no time in {backwards} queries")
    return faults
