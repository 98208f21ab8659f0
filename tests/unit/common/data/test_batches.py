"""Batch order and micro-batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.data.batches import epoch_batches, micro_batches

COUNTS = st.integers(1, 300)
SIZES = st.integers(1, 400)
SEEDS = st.integers(0, 2**64 - 1)


@given(COUNTS, SIZES, SEEDS, st.integers(0, 1000))
def test_an_epoch_uses_every_sample_once(count: int, batch_size: int, seed: int, epoch: int) -> None:
    batches = epoch_batches(count, batch_size, seed, epoch)

    assert sorted(np.concatenate(batches).tolist()) == list(range(count))
    assert all(batch.dtype == np.int64 for batch in batches)


@given(COUNTS, SIZES)
def test_all_batches_are_full_except_the_last_which_has_the_rest(count: int, batch_size: int) -> None:
    sizes = [len(batch) for batch in epoch_batches(count, batch_size, seed=1, epoch=0)]

    assert len(sizes) == -(-count // batch_size)
    assert sizes[:-1] == [batch_size] * (len(sizes) - 1)
    assert 1 <= sizes[-1] <= batch_size


@given(COUNTS, SIZES, SEEDS, st.integers(0, 1000))
def test_the_order_is_a_function_of_seed_and_epoch(count: int, batch_size: int, seed: int, epoch: int) -> None:
    first = epoch_batches(count, batch_size, seed, epoch)
    second = epoch_batches(count, batch_size, seed, epoch)

    assert [batch.tolist() for batch in first] == [batch.tolist() for batch in second]


def test_the_order_does_not_depend_on_the_batch_size() -> None:
    small = np.concatenate(epoch_batches(1000, 7, seed=3, epoch=2))
    large = np.concatenate(epoch_batches(1000, 300, seed=3, epoch=2))

    assert np.array_equal(small, large)


def test_epochs_and_seeds_differ_in_order() -> None:
    # Two independent permutations of n agree in Poisson(1) places: more than 12 has probability 6e-11.
    orders = [np.concatenate(epoch_batches(1000, 64, seed, epoch)) for seed, epoch in [(0, 0), (0, 1), (1, 0), (1, 1)]]

    agreements = [int((a == b).sum()) for i, a in enumerate(orders) for b in orders[:i]]

    assert max(agreements) <= 12


def test_each_sample_is_equally_likely_to_come_first() -> None:
    # 2,000 epochs over 10 samples: χ² with 9 degrees of freedom exceeds 33.7 with probability 1e-4.
    firsts = [int(epoch_batches(10, 10, seed=11, epoch=epoch)[0][0]) for epoch in range(2000)]

    counts = np.bincount(firsts, minlength=10)

    assert ((counts - 200) ** 2 / 200).sum() < 33.7


@pytest.mark.parametrize(("count", "batch_size"), [(0, 1), (-1, 1), (1, 0), (5, -2)])
def test_zero_samples_or_a_batch_size_of_zero_are_refused(count: int, batch_size: int) -> None:
    with pytest.raises(ValueError, match=f"cannot cut {count} samples into batches of {batch_size}"):
        epoch_batches(count, batch_size, seed=0, epoch=0)


def test_micro_batches_keep_the_order_and_put_the_longer_ones_first() -> None:
    parts = micro_batches(np.array([9, 2, 5, 7, 1], dtype=np.int64), 3)

    assert [part.tolist() for part in parts] == [[9, 2], [5, 7], [1]]


@given(st.integers(1, 100), st.integers(1, 150))
def test_micro_batches_are_never_empty_and_differ_by_at_most_one(size: int, count: int) -> None:
    ids = np.random.default_rng(5).permutation(size)

    parts = micro_batches(ids, count)

    lengths = [len(part) for part in parts]
    assert len(parts) == min(count, size)
    assert min(lengths) >= 1
    assert max(lengths) - min(lengths) <= 1
    assert np.array_equal(np.concatenate(parts), ids)


@pytest.mark.parametrize(("size", "count"), [(0, 1), (3, 0), (3, -1)])
def test_an_empty_batch_or_no_parts_are_refused(size: int, count: int) -> None:
    with pytest.raises(ValueError, match=f"cannot cut {size} samples into {count} micro-batches"):
        micro_batches(np.arange(size, dtype=np.int64), count)
