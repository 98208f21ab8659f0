"""Exact percentiles by the nearest-rank method, without interpolation or histograms."""

import math

import numpy as np
from numpy.typing import NDArray


def percentile(samples: NDArray[np.int64], percent: float) -> int:
    """Return the smallest sample that at least `percent` % of all samples do not exceed.

    Args:
        samples: (n,) int64, n ≥ 1, in any order.
        percent: in (0, 100].

    Raises:
        ValueError: there are no samples, or `percent` is out of range.
    """
    if not 0 < percent <= 100:
        raise ValueError(f"percentile {percent}: expected more than 0 and at most 100")
    if samples.size == 0:
        raise ValueError(f"percentile {percent} of no samples")
    rank = math.ceil(_exactly(percent, samples.size))
    return int(np.sort(samples, axis=None)[max(rank, 1) - 1])


def _exactly(percent: float, count: int) -> float:
    """Return percent · count / 100 without rounding errors near whole numbers: 99.9 % of 1000 is exactly 999."""
    rank = percent * count / 100
    nearest = round(rank)
    return nearest if math.isclose(rank, nearest, rel_tol=1e-12) else rank
