"""The selection of the samples that are held out for validation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.data.holdout import hold_out
from splitwave.common.errors import DataError

SPLITS = st.integers(1, 500).flatmap(lambda count: st.tuples(st.just(count), st.integers(0, count - 1)))


def test_the_centres_of_equal_sections_are_held_out() -> None:
    train, validation = hold_out(10, 2)

    assert validation.tolist() == [2, 7]
    assert train.tolist() == [0, 1, 3, 4, 5, 6, 8, 9]


def test_a_file_sorted_by_class_loses_equally_many_samples_of_each_class() -> None:
    labels = np.repeat(np.arange(10), 400)

    _, validation = hold_out(4000, 500)

    assert np.bincount(labels[validation]).tolist() == [50] * 10


@given(SPLITS)
def test_every_sample_is_in_exactly_one_part_and_both_are_increasing(split: tuple[int, int]) -> None:
    count, held_out = split

    train, validation = hold_out(count, held_out)

    assert train.dtype == validation.dtype == np.int64
    assert len(validation) == held_out
    assert sorted([*train.tolist(), *validation.tolist()]) == list(range(count))
    assert (np.diff(train) > 0).all()
    assert (np.diff(validation) > 0).all()


@given(SPLITS, st.data())
def test_every_range_of_adjacent_samples_loses_its_share_within_one_sample(
    split: tuple[int, int], data: st.DataObject
) -> None:
    count, held_out = split
    start = data.draw(st.integers(0, count))
    end = data.draw(st.integers(start, count))

    _, validation = hold_out(count, held_out)

    lost = int(((validation >= start) & (validation < end)).sum())
    assert abs(lost * count - (end - start) * held_out) < count


def test_holding_out_nothing_keeps_all() -> None:
    train, validation = hold_out(5, 0)

    assert train.tolist() == [0, 1, 2, 3, 4]
    assert validation.tolist() == []


@pytest.mark.parametrize("validation", [-1, 5, 6])
def test_holding_out_all_or_less_than_none_is_refused(validation: int) -> None:
    with pytest.raises(DataError, match=rf"data\.validation = {validation}: of 5 training samples, 0 to 4"):
        hold_out(5, validation)
