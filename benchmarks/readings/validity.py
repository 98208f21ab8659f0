"""When a load pass may be believed: complete and on a sane clock, of enough queries, from a generator that kept up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from splitwave.benchmarks.readings.hop_table import HOPS, hop_times_ns, latency_ns, lateness_ns, skew_ns, span_s
from splitwave.benchmarks.readings.percentiles import percentile
from splitwave.common.protocol.workload import LinkStamps, Workload


@dataclass(frozen=True, slots=True)
class Rules:
    """What a pass must reach.

    Attributes:
        min_queries: of a pass.
        min_duration_s: from its first beginning to its last answer.
        late_percentile: of an open loop, the percentile at which its lateness is judged.
    """

    min_queries: int
    min_duration_s: float
    late_percentile: float = 99.0


def find_faults(links: Sequence[LinkStamps], load: Workload) -> list[str]:
    """What is wrong with a pass however busy the machine is: missing answers, or stamps out of order."""
    if not links:
        return ["no link answered"]
    return [fault for stamps in links for fault in _find_link_faults(stamps, load)]


def find_problems(links: Sequence[LinkStamps], load: Workload, rules: Rules, *, kept_up: bool = True) -> list[str]:
    """Why the numbers of a pass without faults must not be quoted, as on a busy machine; empty if they may.

    A late start is no problem by itself, for latency counts from when a query was due; a generator that fell behind is,
    unless `kept_up` is false.
    """
    problems = []
    queries, span = len(links[0].at_ns), span_s(links)
    if queries < rules.min_queries:
        problems.append(f"{queries} queries: expected at least {rules.min_queries}")
    if span < rules.min_duration_s:
        problems.append(f"{span:.2f} s of load: expected at least {rules.min_duration_s:g} s")
    if kept_up and load.is_open:
        problems += find_generator_problems(links, rules)
    return problems


def find_generator_problems(links: Sequence[LinkStamps], rules: Rules) -> list[str]:
    """Why an open loop says more of its generator than of the testbed; empty if the generator kept up.

    Of a slow query's time, which counts from when it was due, the start may be late by half: a device that is busy with
    the query before is a part of what is measured. Links' schedules may be apart by what the median query takes.
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


def _find_link_faults(stamps: LinkStamps, load: Workload) -> list[str]:
    if len(stamps.at_ns) != load.queries:
        return [f"link {stamps.link}: {len(stamps.at_ns)} of {load.queries} queries were answered"]
    faults, times = [], hop_times_ns(stamps)
    for column, hop in enumerate(HOPS):
        backwards = int(np.count_nonzero(times[:, column] < 0))
        if backwards:
            faults.append(f"link {stamps.link}: {hop.name} took less than no time in {backwards} queries")
    return faults
