"""The choice of the training samples that are held out for validation."""

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import DataError


def hold_out(count: int, validation: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split sample ids into training and validation; the validation samples are spread evenly over the file.

    The samples ⌊(2i + 1)·N / (2V)⌋, i = 0 … V − 1, the centres of V equal stretches, are held out. Among any r
    adjacent samples, such as one class of a file that is sorted by class, r·V/N are held out, rounded down or up.

    Args:
        count: number of samples N.
        validation: number to hold out V, 0 ≤ V < N.

    Returns:
        Increasing int64 ids for training, (N − V,), and for validation, (V,).

    Raises:
        DataError: if `validation` is out of range.
    """
    if not 0 <= validation < count:
        raise DataError(
            f"data.validation = {validation}: of {count} training samples, 0 to {count - 1} can be held out"
        )
    centres = 2 * np.arange(validation, dtype=np.int64) + 1
    held_out = centres * count // max(2 * validation, 1)
    return np.delete(np.arange(count, dtype=np.int64), held_out), held_out
