"""The difference between groups of runs, paired by seed.

Runs with one seed share initial weights, batches and noise, as far as their settings allow. Pairing them removes what
they share, which makes the interval of the difference narrower.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from statistics import fmean

from splitwave.experiments.comparison.runs import ComparedRun
from splitwave.experiments.comparison.settings import differing, groups_of
from splitwave.experiments.sweep.intervals import MAX_SEEDS, interval

_ROUNDING = 1e-12
"""Means of the same numbers in another order differ by so little, relative to their size."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The test error of one group of runs minus that of another.

    Attributes:
        first, second: the settings of the groups.
        seeds: that both groups have.
        mean, half_width: of the paired differences, and of the 95 % interval of their mean (Student's t).
        p_value: two-sided, of the exact sign-flip test: the share of sign patterns of the differences with a mean at
            least as far from 0. With n seeds it is at least 2^(1−n), so five seeds never reach 0.05, and six do.
    """

    first: str
    second: str
    seeds: tuple[int, ...]
    mean: float
    half_width: float
    p_value: float

    @property
    def least_p_value(self) -> float:
        """The smallest p-value that this number of seeds can give."""
        return float(2.0 ** (1 - len(self.seeds)))

    @property
    def is_significant(self) -> bool:
        """Whether the 95 % interval excludes 0."""
        return abs(self.mean) > self.half_width


def differences(runs: Sequence[ComparedRun]) -> list[Difference]:
    """Return the difference of each two groups that share two seeds or more.

    Many pairs are not corrected for: with 20 of them, one is expected to look significant by chance.
    """
    errors = {name: by_seed for name, by_seed in _errors(runs).items() if len(by_seed) > 1}
    found = [_difference(*first, *second) for first, second in combinations(errors.items(), 2)]
    return [difference for difference in found if difference is not None]


def _errors(runs: Sequence[ComparedRun]) -> dict[str, Mapping[int, float]]:
    """Return by group the error of each seed; of several runs with one seed, the first that has an error."""
    groups = groups_of(runs)
    different = differing([group[0] for group in groups])
    names = [
        ", ".join(f"{path} {row[number]}" for path, row in different.items() if path != "seed")
        for number in range(len(groups))
    ]
    return {
        name: {run.config.seed: run.error for run in reversed(group) if run.error is not None}
        for name, group in zip(names, groups, strict=True)
    }


def _difference(first: str, errors: Mapping[int, float], second: str, others: Mapping[int, float]) -> Difference | None:
    seeds = tuple(sorted(errors.keys() & others.keys()))[:MAX_SEEDS]
    if len(seeds) < 2:
        return None
    values = [errors[seed] - others[seed] for seed in seeds]
    mean, half_width = interval(values)
    assert half_width is not None  # there are two values or more
    return Difference(first, second, seeds, mean, half_width, sign_flip_p_value(values))


def sign_flip_p_value(values: Sequence[float]) -> float:
    """The two-sided p-value of the hypothesis that each value is as likely as its negative."""
    observed = abs(fmean(values)) * (1 - _ROUNDING)
    patterns = [fmean(sign * value for sign, value in zip(signs, values, strict=True)) for signs in _signs(values)]
    return sum(abs(mean) >= observed for mean in patterns) / len(patterns)


def _signs(values: Sequence[float]) -> Sequence[tuple[int, ...]]:
    return list(product((1, -1), repeat=len(values)))
