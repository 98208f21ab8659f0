"""Standardises inputs by the mean and standard deviation of each channel of the training split."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.dataset import Images
from splitwave.common.data.views import MAX_PIXEL
from splitwave.common.errors import DataError

Statistics = tuple[tuple[float, ...], tuple[float, ...]]
"""Means and standard deviations."""

_CHUNK = 1024
"""Samples that are converted to float64 at a time, which bounds the memory."""


def channel_statistics(inputs: Images, what: str) -> Statistics:
    """Mean and deviation of each channel, in float64: of pixels after the division by 255, of measurements as they are.

    Raises:
        DataError: a channel is constant.
    """
    channels = _by_channel(inputs)
    count = channels.shape[0] * channels.shape[2]
    total, squares = np.zeros(channels.shape[1]), np.zeros(channels.shape[1])
    scale = float(MAX_PIXEL) if inputs.dtype == np.uint8 else 1.0
    for first in range(0, len(channels), _CHUNK):
        total += channels[first : first + _CHUNK].sum(axis=(0, 2), dtype=np.float64)
    mean = total / count
    for first in range(0, len(channels), _CHUNK):
        part = channels[first : first + _CHUNK].astype(np.float64) - mean[:, None]
        squares += np.square(part).sum(axis=(0, 2))
    deviation = np.sqrt(squares / count)
    if not deviation.all():
        raise DataError(f"{what}: channel {int(np.argmin(deviation))} is constant: data.standardise divides by zero")
    return tuple(map(float, mean / scale)), tuple(map(float, deviation / scale))


def quantity_statistics(targets: NDArray[np.float32], what: str, names: Sequence[str]) -> Statistics:
    """Mean and deviation of each quantity of a regression, in float64.

    Raises:
        DataError: a quantity is constant, or the settings name another number of them.
    """
    if names and len(names) != targets.shape[1]:
        raise DataError(f"{what} are {targets.shape[1]} quantities a sample, and data.names has {len(names)}")
    deviation = targets.std(axis=0, dtype=np.float64)
    if not deviation.all():
        raise DataError(f"{what}: quantity {int(np.argmin(deviation))} is constant: there is nothing to estimate")
    return tuple(map(float, targets.mean(axis=0, dtype=np.float64))), tuple(map(float, deviation))


def standardised(inputs: Images, mean: Sequence[float], deviation: Sequence[float]) -> NDArray[np.float32]:
    """(x − mean)/deviation of each channel, in float32, in the shape of the inputs; of pixels x is pixel/255."""
    channels = _by_channel(inputs)
    out = np.empty(channels.shape, dtype=np.float32)
    divisor = MAX_PIXEL if inputs.dtype == np.uint8 else np.float32(1)
    np.divide(channels, divisor, out=out, dtype=np.float32)
    out -= np.array(mean, dtype=np.float32)[:, None]
    out /= np.array(deviation, dtype=np.float32)[:, None]
    return out.reshape(inputs.shape)


def _by_channel(inputs: Images) -> Images:
    """(N, C, H·W)."""
    return inputs.reshape(*inputs.shape[:2], -1)
