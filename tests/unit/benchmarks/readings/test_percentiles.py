"""Exact percentiles, compared with a direct implementation of their definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.benchmarks.readings.percentiles import percentile

samples = st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=200).map(lambda v: np.array(v, dtype=np.int64))


def by_definition(values: list[int], percent: float) -> int:
    """Return the smallest sample that at least `percent` % of all samples do not exceed."""
    return min(v for v in values if 100 * sum(other <= v for other in values) >= percent * len(values))


@given(samples, st.sampled_from([1, 10, 25, 50, 90, 97, 99, 99.9, 100]))
def test_a_percentile_follows_its_definition(
    values: "np.ndarray[tuple[int], np.dtype[np.int64]]", percent: float
) -> None:
    assert percentile(values, percent) == by_definition(values.tolist(), percent)


def test_percentiles_are_not_interpolated() -> None:
    assert percentile(np.array([1, 1000]), 50) == 1
    assert percentile(np.array([1, 1000]), 51) == 1000


@pytest.mark.parametrize(
    ("percent", "rank"), [(90, 900), (99, 990), (99.9, 999), (99.91, 1000), (100, 1000), (0.01, 1)]
)
def test_ranks_do_not_suffer_from_rounding(percent: float, rank: int) -> None:
    assert percentile(np.arange(1, 1001)[::-1], percent) == rank


@pytest.mark.parametrize("percent", [0, -1, 100.5])
def test_a_percentile_out_of_range_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="percentile"):
        percentile(np.array([1]), percent)


def test_no_samples_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile(np.array([], dtype=np.int64), 50)
