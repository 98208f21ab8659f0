"""Load passes: sizes a workload by a warm-up, carries it out on a testbed, and records its stamps in a report."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from splitwave.benchmarks.load.testbed_load import LoadedTestbed
from splitwave.benchmarks.readings.hop_table import latency_ns, lateness_ns, skew_ns, span_s, without_dropped
from splitwave.benchmarks.readings.percentiles import percentile
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.readings.validity import Rules, find_faults, find_problems
from splitwave.common.protocol.workload import LinkStamps, Overflow, Workload

_MARGIN = 1.7
"""Factor on the number of queries estimated from the warm-up, because passes get faster as they go on."""


@dataclass(frozen=True, slots=True)
class LoadPass:
    """The workload of one load pass and the time stamps of each link."""

    workload: Workload
    links: Sequence[LinkStamps]

    @property
    def dropped(self) -> list[int]:
        """The number of queries that each link dropped; all other numbers are of queries that all links sent."""
        return [len(stamps.dropped) for stamps in self.links]

    def latency_ms(self, percent: float) -> float:
        """Percentile of the latency; see `latency_ns`."""
        return percentile(latency_ns(without_dropped(self.links)), percent) / 1e6

    def lateness_ms(self, percent: float) -> float:
        """Percentile of the delay with which devices started queries; see `lateness_ns`."""
        return percentile(lateness_ns(without_dropped(self.links)), percent) / 1e6

    def skew_ms(self, percent: float) -> float:
        """Percentile of the skew between the links' schedules; see `skew_ns`."""
        return percentile(skew_ns(without_dropped(self.links)), percent) / 1e6

    @property
    def queries_per_s(self) -> float:
        """Queries per second from the start of the first query to the last answer."""
        sent = without_dropped(self.links)
        return len(sent[0].at_ns) / span_s(sent)


async def sized_workload(testbed: LoadedTestbed, workload: Workload, rules: Rules) -> Workload:
    """Return the workload with as many queries as the rules require; also warms up the testbed."""
    rate = workload.rate_per_s
    if not rate:
        warm_up = dataclasses.replace(workload, queries=max(16, rules.min_queries // 8))
        await testbed.measure(warm_up)
        rate = warm_up.queries / span_s(await testbed.measure(warm_up))
    queries = max(rules.min_queries, math.ceil(_MARGIN * rules.min_duration_s * rate))
    return dataclasses.replace(workload, queries=queries)


async def run_pass(testbed: LoadedTestbed, workload: Workload) -> LoadPass:
    """Carry out one load pass."""
    return LoadPass(workload, await testbed.measure(workload))


def record_passes(report: Report, case: str, passes: Sequence[LoadPass], rules: Rules, *, kept_up: bool = True) -> None:
    """Add the raw stamps of passes to a report, with their rules and all violations, which make the report INVALID.

    Args:
        report: the report to extend.
        case: name of the case.
        passes: repetitions of one workload.
        rules: the rules that a valid pass must satisfy.
        kept_up: whether the generator of an open loop must have kept up; it cannot if the testbed is overloaded.
    """
    for number, each in enumerate(passes):
        faults = find_faults(each.links, each.workload)
        problems = [] if faults else find_problems(each.links, each.workload, rules, kept_up=kept_up)
        report.faults += [f"{case}, repetition {number}: {why}" for why in faults]
        report.problems += [f"{case}, repetition {number}: {why}" for why in problems]
        report.passes[f"{case}.{number}"] = {
            **asdict(each.workload),
            **asdict(rules),
            "kept_up": kept_up,
            "dropped": each.dropped,
        }
        report.samples[f"{case}.{number}.at_ns"] = np.stack([stamps.at_ns for stamps in each.links])
    if any(each.workload.overflow is Overflow.DROP_OLDEST for each in passes):
        report.add(f"{case}.dropped", "queries", [sum(each.dropped) for each in passes])
