"""Makes inputs and targets of what a source read, or refuses it in one line that says what is wrong."""

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.dataset import Images, ImageShape
from splitwave.common.data.sources.source import RawArray
from splitwave.common.errors import DataError

MAX_CLASSES = 65_535
MAX_QUANTITIES = 64
_DIMENSIONS = (2, 3, 4)


def inputs_of(raw: RawArray, what: str) -> Images:
    """(N, C, H, W) uint8 pixels or float32 measurements of (N, C, H, W), (N, H, W) or (N, F), whose F are rows.

    Args:
        raw: as it was read; float64 is rounded to float32.
        what: the array, for messages.

    Raises:
        DataError: another dtype or number of dimensions, no samples, or a value that is not finite.
    """
    if raw.ndim not in _DIMENSIONS:
        raise DataError(f"{what} has the shape {raw.shape}: expected (N, F), (N, H, W) or (N, C, H, W)")
    if raw.size == 0:
        raise DataError(f"{what} has the shape {raw.shape}: there is no sample in it")
    shaped = raw if raw.ndim == _DIMENSIONS[-1] else raw.reshape(len(raw), 1, raw.shape[1], -1)
    if raw.dtype == np.uint8:
        return shaped
    if raw.dtype not in (np.float32, np.float64):
        raise DataError(f"{what} is {raw.dtype}: expected uint8 pixels, or float32 or float64 measurements")
    with np.errstate(over="ignore"):  # what overflows is refused below
        measured = shaped.astype(np.float32, copy=False)
    bad = np.flatnonzero(~np.isfinite(measured).reshape(len(raw), -1).all(axis=1))
    if len(bad):
        raise DataError(f"{what}: {len(bad)} samples have values that are not finite, the first is sample {bad[0]}")
    return measured


def input_shape(inputs: Images) -> ImageShape:
    """(C, H, W) of a sample of (N, C, H, W) inputs."""
    _, channels, height, width = inputs.shape
    return channels, height, width


def classes_of(raw: RawArray, what: str) -> NDArray[np.int64]:
    """(N,) int64 classes.

    Raises:
        DataError: they are no integers, have another shape, or lie outside of 0 … 65,534.
    """
    if raw.dtype.kind not in "iu":
        raise DataError(f"{what} is {raw.dtype}: expected integer classes, or float32 or float64 for a regression")
    if raw.ndim != 1 or not len(raw):
        raise DataError(f"{what} has the shape {raw.shape}: expected (N,), a class for each sample")
    low, high = int(raw.min()), int(raw.max())
    if low < 0 or high >= MAX_CLASSES:
        raise DataError(f"{what}: classes {low} to {high}: expected numbers from 0 to at most {MAX_CLASSES - 1}")
    return raw.astype(np.int64)


def quantities_of(raw: RawArray, what: str) -> NDArray[np.float32]:
    """(N, D) float32 targets of a regression.

    Raises:
        DataError: another shape, or a number that is not finite.
    """
    if raw.ndim not in (1, 2) or raw.size == 0:
        raise DataError(f"{what} has the shape {raw.shape}: expected (N,) or (N, D), D numbers a sample")
    if raw.ndim == 2 and raw.shape[1] > MAX_QUANTITIES:
        raise DataError(f"{what} has the shape {raw.shape}: at most {MAX_QUANTITIES} numbers a sample are estimated")
    with np.errstate(over="ignore"):
        numbers = raw.reshape(len(raw), -1).astype(np.float32)
    if bad := np.count_nonzero(~np.isfinite(numbers)):
        raise DataError(f"{what}: {bad} numbers are not finite")
    return numbers


def is_regression(raw: RawArray) -> bool:
    """Whether targets are real numbers."""
    return raw.dtype in (np.float32, np.float64)


def count_classes(train: NDArray[np.int64], test: NDArray[np.int64], what: str, given: int | None) -> int:
    """The number of classes.

    Args:
        train: classes of the training split.
        test: classes of the test split.
        what: the data, for messages.
        given: the number that the settings say; some classes may then have no sample.

    Raises:
        DataError: a class of the test split, or one below the highest, has no training sample, or a class is not one
            of those given.
    """
    highest = int(max(train.max(), test.max()))
    if given is not None:
        if highest >= given:
            raise DataError(f"{what}: class {highest} among the labels: data.classes = {given} allows 0 to {given - 1}")
        return given
    empty = np.setdiff1d(np.arange(highest + 1), train)
    if len(empty):
        raise DataError(
            f"{what}: class {empty[0]} has no training sample, and neither have {len(empty) - 1} others of the "
            f"{highest + 1} up to {highest}: set data.classes = {highest + 1} if that is meant"
        )
    return highest + 1
