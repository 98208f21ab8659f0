"""Compares the ratios of a result with those of a baseline, an earlier result."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from pydantic import JsonValue

from splitwave.benchmarks.comparison.recorded_result import RecordedResult
from splitwave.benchmarks.readings.report import Json, Validity
from splitwave.benchmarks.readings.targets import target_of


class Change(StrEnum):
    """The change of a ratio since the baseline."""

    SLOWER = "slower"
    FASTER = "faster"
    NONE = "no difference"


@dataclass(frozen=True, slots=True)
class Difference:
    """A condition in which the measurement of a baseline differs.

    Attributes:
        name: dotted name of the condition; the first part is `processor`, `scope` or a benchmark.
        baseline: its value in the baseline.
        now: its value in the result.
    """

    name: str
    baseline: JsonValue
    now: JsonValue

    @property
    def group(self) -> str:
        """The first part of the name."""
        return self.name.partition(".")[0]

    def concerns(self, ratio: str) -> bool:
        """Whether a ratio was measured under this condition."""
        return self.group in ("processor", "scope", ratio.partition(".")[0])


@dataclass(frozen=True, slots=True)
class RatioComparison:
    """One ratio in the baseline and now.

    Attributes:
        name: name of the reading, which has a target.
        baseline: the value in each repetition of the baseline.
        now: the value in each repetition of the result.
        same_conditions: whether both were measured under the same conditions.
    """

    name: str
    baseline: tuple[float, ...]
    now: tuple[float, ...]
    same_conditions: bool

    @property
    def change(self) -> Change | None:
        """SLOWER or FASTER if the two ranges have no value in common; None if a side has one repetition.

        If nothing had changed, all orders of m + n values would be equally likely, and all new ones would be worse than
        all old ones with a probability of 1 / C(m + n, m): 1/252 for 5 repetitions each.
        """
        if min(len(self.baseline), len(self.now)) < 2:
            return None
        if self._all_worse(self.now, self.baseline):
            return Change.SLOWER
        return Change.FASTER if self._all_worse(self.baseline, self.now) else Change.NONE

    def _all_worse(self, values: Sequence[float], others: Sequence[float]) -> bool:
        target = target_of(self.name)
        return target is not None and all(target.is_worse(value, other) for value in values for other in others)

    def to_json(self) -> Json:
        """Return both sides with all repetitions, and the change, as JSON."""
        return {
            "name": self.name,
            "baseline": _summary(self.baseline),
            "now": _summary(self.now),
            "same_conditions": self.same_conditions,
            "change": self.change,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """The ratios of a result beside those of a baseline.

    Attributes:
        baseline: the baseline.
        differences: conditions in which the two measurements differ.
        ratios: the ratios that both have.
        only_now: names of ratios that the baseline lacks.
    """

    baseline: RecordedResult
    differences: tuple[Difference, ...]
    ratios: tuple[RatioComparison, ...]
    only_now: tuple[str, ...]

    def to_json(self) -> Json:
        """Return the comparison, with the origin of the baseline, as JSON."""
        return {
            "baseline": self.baseline.environment.model_dump(mode="json"),
            "differences": [asdict(each) for each in self.differences],
            "ratios": [each.to_json() for each in self.ratios],
            "only_now": list(self.only_now),
        }


def compare(baseline: RecordedResult, now: RecordedResult) -> Comparison:
    """Compare the ratios of two results, in the order of the newer one."""
    differences = tuple(_differences(baseline, now))
    before, after = baseline.ratios, now.ratios
    ratios = tuple(
        RatioComparison(name, before[name], values, not any(each.concerns(name) for each in differences))
        for name, values in after.items()
        if name in before
    )
    return Comparison(baseline, differences, ratios, tuple(name for name in after if name not in before))


def _differences(baseline: RecordedResult, now: RecordedResult) -> Iterator[Difference]:
    """Yield what differs among the conditions that both record, and each label INVALID.

    A setting that only one of the two has belongs to the change of the code, which is the subject of the comparison.
    """
    before = baseline.conditions
    for name, value in now.conditions.items():
        if name in before and (before[name] != value or value == Validity.INVALID):
            yield Difference(name, before[name], value)


def _summary(repetitions: Sequence[float]) -> Json:
    return {
        "value": statistics.median(repetitions),
        "low": min(repetitions),
        "high": max(repetitions),
        "repetitions": list(repetitions),
    }
