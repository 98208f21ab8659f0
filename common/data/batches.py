"""The order in which training visits its samples; all parties compute the same one without communication."""

import numpy as np
from numpy.typing import NDArray

from splitwave.common.randomness import Purpose, generator


def epoch_batches(count: int, batch_size: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """The batches of one epoch: a permutation of all samples, keyed by seed and epoch, and cut in order.

    Args:
        count: number of samples N ≥ 1.
        batch_size: B ≥ 1; the last batch holds what remains.
        seed: the run's seed.
        epoch: epoch number, from 0.

    Returns:
        ⌈N/B⌉ int64 arrays of positions in [0, N), none empty.

    Raises:
        ValueError: if `count` or `batch_size` is below 1, or seed or epoch does not fit a generator's key.
    """
    if count < 1 or batch_size < 1:
        raise ValueError(f"cannot cut {count} samples into batches of {batch_size}: expected 1 or more of each")
    order = generator(seed, Purpose.BATCH_ORDER, step=epoch).permutation(count).astype(np.int64)
    return np.split(order, range(batch_size, count, batch_size))


def micro_batches(ids: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    """Cut a batch into M parts in order, as equal as possible, longer parts first.

    Args:
        ids: (B,) sample ids, B ≥ 1.
        count: M ≥ 1 parts wanted; a batch of fewer samples gives B parts, since no part is empty.

    Returns:
        min(M, B) arrays.

    Raises:
        ValueError: if the batch is empty or M is below 1.
    """
    if len(ids) < 1 or count < 1:
        raise ValueError(f"cannot cut {len(ids)} samples into {count} micro-batches: expected 1 or more of each")
    return [ids] if count == 1 else np.array_split(ids, min(count, len(ids)))
