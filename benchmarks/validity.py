"""When a load pass may be believed: enough queries, for long enough, sent as the schedule said, on a sane clock."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.hop_table import HOPS, at, hop_times_ns, span_s
from common.load import LinkStamps, Load


@dataclass(frozen=True, slots=True)
class Rules:
    """What a pass must reach."""

    min_queries: int
    min_duration_s: float


def problems_of(links: Sequence[LinkStamps], load: Load, rules: Rules) -> list[str]:
    """Why a pass is INVALID; empty if it is VALID.

    A late start is no problem, for latency counts from when a query was due: it makes the result worse, not wrong.
    """
    if not links:
        return ["no link answered"]
    problems = []
    queries, span = len(links[0].at_ns), span_s(links)
    if queries < rules.min_queries:
        problems.append(f"{queries} queries: expected at least {rules.min_queries}")
    if span < rules.min_duration_s:
        problems.append(f"{span:.2f} s of load: expected at least {rules.min_duration_s:g} s")
    for stamps in links:
        problems += _problems_of_link(stamps, load)
    return problems


def _problems_of_link(stamps: LinkStamps, load: Load) -> list[str]:
    problems = []
    if len(stamps.at_ns) != load.queries:
        return [f"link {stamps.link}: {len(stamps.at_ns)} of {load.queries} queries were answered"]
    times = hop_times_ns(stamps)
    for column, hop in enumerate(HOPS):
        backwards = int(np.count_nonzero(times[:, column] < 0))
        if backwards:
            problems.append(f"link {stamps.link}: {hop.name} took less than no time in {backwards} queries")
    if load.rate_per_s:
        origin = at(stamps, "due") - load.schedule_ns()
        if np.ptp(origin) != 0:
            problems.append(f"link {stamps.link}: queries were due at other times than the schedule says")
    return problems
