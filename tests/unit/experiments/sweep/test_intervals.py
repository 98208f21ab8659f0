import math

import pytest

from splitwave.experiments.sweep.intervals import MAX_SEEDS, interval


def test_the_interval_of_three_values_is_students() -> None:
    # x̄ = 2, s = 1, t(97.5 %, 2) = 4.303
    mean, half_width = interval([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert half_width == pytest.approx(4.303 / math.sqrt(3))


def test_equal_values_have_width_zero_and_a_single_value_has_no_width() -> None:
    assert interval([0.5, 0.5]) == (0.5, 0.0)
    assert interval([0.5]) == (0.5, None)


@pytest.mark.parametrize("count", [0, MAX_SEEDS + 1])
def test_a_count_without_a_quantile_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"of {count} values"):
        interval([0.1] * count)
