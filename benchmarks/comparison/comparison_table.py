"""Formats the comparison with a baseline as text."""

import json
import statistics
from collections.abc import Iterator, Sequence
from itertools import groupby

from pydantic import JsonValue

from splitwave.benchmarks.comparison.ratio_comparison import Change, Comparison, Difference, RatioComparison
from splitwave.benchmarks.comparison.recorded_result import RecordedEnvironment

_DIFFERENCES_SHOWN = 4
_LONGEST_VALUE = 40


def comparison_table(comparison: Comparison, file: str) -> str:
    """Format one line for each ratio: baseline, now and change, with median and range; then what differs.

    Args:
        comparison: the comparison.
        file: path of the baseline, for the first line.
    """
    lines = [f"compared with {file}: {_origin(comparison.baseline.environment)}"]
    if comparison.ratios:
        lines += [f"{'ratio':<48}{'baseline [range]':<26}{'now [range]':<26}change", *map(_row, comparison.ratios)]
    if any(not each.same_conditions for each in comparison.ratios):
        lines += ["* measured under other conditions (baseline → now):", *_differences(comparison)]
    if comparison.only_now:
        lines.append(f"not in the baseline: {', '.join(comparison.only_now)}")
    return "\n".join([*lines, _conclusion(comparison.ratios)])


def _origin(environment: RecordedEnvironment) -> str:
    commit = f"commit {environment.commit[:8]}" if environment.commit else "no commit"
    processor = ", ".join(filter(None, (environment.cpu_model, environment.cpu_vectors)))
    return f"`{' '.join(environment.command)}`, {commit}, {processor}, {len(environment.cores)} cores"


def _row(ratio: RatioComparison) -> str:
    change = ratio.change or "one repetition"
    return f"{_marked(ratio):<48}{_range(ratio.baseline):<26}{_range(ratio.now):<26}{change}"


def _marked(ratio: RatioComparison) -> str:
    return ratio.name if ratio.same_conditions else f"{ratio.name} *"


def _range(repetitions: Sequence[float]) -> str:
    low, high = min(repetitions), max(repetitions)
    return f"{statistics.median(repetitions):.4g} [{low:.4g}, {high:.4g}]"


def _differences(comparison: Comparison) -> Iterator[str]:
    """Yield one line for each group of conditions that concerns a ratio; `result.json` has all of them."""
    concerning = [each for each in comparison.differences if any(each.concerns(r.name) for r in comparison.ratios)]
    for group, members in groupby(concerning, key=lambda each: each.group):
        differences = list(members)
        shown = "; ".join(map(_difference, differences[:_DIFFERENCES_SHOWN]))
        more = len(differences) - _DIFFERENCES_SHOWN
        yield f"  {group}: {shown}{f'; and {more} more' if more > 0 else ''}"


def _difference(difference: Difference) -> str:
    name = difference.name.removeprefix(f"{difference.group}.")
    return f"{name} {_value(difference.baseline)} → {_value(difference.now)}"


def _value(value: JsonValue) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _conclusion(ratios: Sequence[RatioComparison]) -> str:
    if not ratios:
        return "nothing to compare: the baseline has no ratio with a target that this run has"
    if not any(each.change for each in ratios):
        return "no verdicts: one repetition does not show by how much repetitions differ"
    slower = [_marked(each) for each in ratios if each.change is Change.SLOWER]
    return f"slower by more than the repetitions differ: {', '.join(slower) or 'nothing'}"
