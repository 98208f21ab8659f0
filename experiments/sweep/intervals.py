"""Means over seeds and their confidence intervals."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import NamedTuple

_QUANTILES = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Student's t at 97.5 % for 1 … 9 degrees of freedom."""

MAX_SEEDS = len(_QUANTILES) + 1


class Interval(NamedTuple):
    """A mean and the half-width of its two-sided 95 % confidence interval; None for a single value."""

    mean: float
    half_width: float | None


def interval(values: Sequence[float]) -> Interval:
    """Compute Student's interval of the mean of independent, normally distributed values: x̄ ± t·s/√n.

    Raises:
        ValueError: there are no values, or more than `MAX_SEEDS`.
    """
    if not 1 <= len(values) <= MAX_SEEDS:
        raise ValueError(f"an interval of {len(values)} values: expected 1 to {MAX_SEEDS}")
    if len(values) == 1:
        return Interval(values[0], None)
    return Interval(fmean(values), _QUANTILES[len(values) - 2] * stdev(values) / math.sqrt(len(values)))
