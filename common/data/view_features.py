"""From a view to the features that a device's network gets: checked, scaled, with the device's noise, and flat."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.dataset import Images, ImageShape, Split
from splitwave.common.data.view import Place, View
from splitwave.common.data.views import flat_features
from splitwave.common.errors import DataError
from splitwave.common.randomness import Purpose, generator

_CHUNK = 1024
"""Samples whose noise is in memory at a time; the draws do not depend on it."""


def view_of(
    view: View, arrays: Sequence[Images], place: Place, split: Split, *, shape: ImageShape, noise: float = 0.0
) -> NDArray[np.float32]:
    """The features of one device.

    Args:
        view: what the device sees.
        arrays: (N, C, H, W) samples, uint8 pixels or float32 measurements.
        place: the device.
        split: "train" or "test".
        shape: (c, h, w) that the view promised.
        noise: standard deviation of the Gaussian noise, drawn per (seed, link, split).

    Returns:
        (N, c·h·w) float32, a contiguous copy: pixels in [0, 1] (pixel / 255), measurements unchanged, plus the noise.

    Raises:
        DataError: the view has another shape or dtype than it promises.
    """
    images = view.cut(arrays, place, split)
    if images.shape[1:] != shape or images.dtype.name not in ("uint8", "float32"):
        raise DataError(
            f"data.view, link {place.link}: the view is {images.shape} {images.dtype}: expected uint8 or float32 of "
            f"shape {('N', *shape)}"
        )
    features = flat_features(images)
    if noise:
        rng = generator(place.seed, Purpose.VIEW_NOISE, link=place.link, step=get_args(Split).index(split))
        for start in range(0, len(features), _CHUNK):
            part = features[start : start + _CHUNK]
            part += np.float32(noise) * rng.standard_normal(part.shape, dtype=np.float32)
    return features
