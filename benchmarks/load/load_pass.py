"""Load passes of a length that their rules ask for: a warm-up says how fast the testbed is, then the pass is sized."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from splitwave.benchmarks.load.testbed_load import LoadedTestbed
from splitwave.benchmarks.readings.hop_table import latency_ns, lateness_ns, skew_ns, span_s
from splitwave.benchmarks.readings.percentiles import percentile
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.readings.validity import Rules, find_faults, find_problems
from splitwave.common.protocol.workload import LinkStamps, Workload

_MARGIN = 1.7
"""Over the length that the warm-up's speed asks for: passes become faster as they go on, and so may the machine."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One load pass and the stamps that it gave."""

    load: Workload
    links: Sequence[LinkStamps]

    def ms(self, percent: float) -> float:
        """Latency at a percentile."""
        return percentile(latency_ns(self.links), percent) / 1e6

    def lateness_ms(self, percent: float) -> float:
        """How much later than due devices began, at a percentile."""
        return percentile(lateness_ns(self.links), percent) / 1e6

    def skew_ms(self, percent: float) -> float:
        """Between the moments at which a query was due on its first and its last link, at a percentile."""
        return percentile(skew_ns(self.links), percent) / 1e6

    @property
    def queries_per_s(self) -> float:
        """From the first beginning to the last answer."""
        return self.load.queries / span_s(self.links)


async def sized_workload(testbed: LoadedTestbed, load: Workload, rules: Rules) -> Workload:
    """The same load with so many queries that it lasts as long as the rules ask; warms the testbed up on the way."""
    rate = load.rate_per_s
    if not rate:
        warm_up = dataclasses.replace(load, queries=max(16, rules.min_queries // 8))
        await testbed.measure(warm_up)
        rate = warm_up.queries / span_s(await testbed.measure(warm_up))
    queries = max(rules.min_queries, math.ceil(_MARGIN * rules.min_duration_s * rate))
    return dataclasses.replace(load, queries=queries)


async def run_pass(testbed: LoadedTestbed, load: Workload) -> Pass:
    """Measure one."""
    return Pass(load, await testbed.measure(load))


def keep(report: Report, case: str, passes: Sequence[Pass], rules: Rules, *, kept_up: bool = True) -> None:
    """Put the raw stamps into a report, what they were held to, and what makes them INVALID.

    Args:
        report: takes them.
        case: of the passes.
        passes: of one load.
        rules: what they must reach.
        kept_up: whether the generator of an open loop must have kept up; beyond what a testbed can carry none does.
    """
    for number, each in enumerate(passes):
        faults = find_faults(each.links, each.load)
        problems = [] if faults else find_problems(each.links, each.load, rules, kept_up=kept_up)
        report.faults += [f"{case}, repetition {number}: {why}" for why in faults]
        report.problems += [f"{case}, repetition {number}: {why}" for why in problems]
        report.passes[f"{case}.{number}"] = {**asdict(each.load), **asdict(rules), "kept_up": kept_up}
        report.samples[f"{case}.{number}.at_ns"] = np.stack([stamps.at_ns for stamps in each.links])
