"""Samples that a user gives to a model: images, or what each device sees."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import DATA_SETS
from splitwave.common.data.views import row_view
from splitwave.common.errors import DataError
from splitwave.device.learning.views import Views

Inputs: TypeAlias = NDArray[np.uint8] | NDArray[np.float32] | Sequence[NDArray[np.float32]]
"""(N, H, W) or (N, C, H, W) images as in the data set, or a list of K arrays, (N, features), one per device."""

_DIGEST = "samples of a user"


def views_of(config: RunConfig, inputs: Inputs) -> list[Views]:
    """Return what each device sees, as both splits of a data set: the test split is the samples.

    Raises:
        DataError: the images have another shape or dtype than those of the data set, or the arrays do not fit the
            devices.
    """
    parts = _cut(config, inputs) if isinstance(inputs, np.ndarray) else _checked(config, inputs)
    return [Views(part[:1], part, _DIGEST) for part in parts]


def _cut(config: RunConfig, images: NDArray[np.uint8] | NDArray[np.float32]) -> list[NDArray[np.float32]]:
    channels, height, width = DATA_SETS.load(config.data.name).IMAGE_SHAPE
    shapes = [(channels, height, width), *([(height, width)] if channels == 1 else [])]
    if images.shape[1:] not in shapes or images.dtype.name not in ("uint8", "float32") or not len(images):
        raise DataError(
            f"inputs of shape {images.shape}, {images.dtype}: expected one or more uint8 or float32 images of shape "
            f"{' or '.join(str(('N', *shape)) for shape in shapes)}"
        )
    return [row_view(images, config.links, link, config.data.overlap) for link in range(config.links)]


def _checked(config: RunConfig, parts: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    if len(parts) != config.links:
        raise DataError(f"inputs are {len(parts)} arrays: expected {config.links}, one per device")
    features = int(np.prod(config.view_shape))
    for link, part in enumerate(parts):
        if part.shape != (len(parts[0]), features) or part.dtype != np.float32 or not len(part):
            raise DataError(
                f"inputs of device {link} have shape {part.shape}, {part.dtype}: expected float32 of shape "
                f"({len(parts[0])}, {features})"
            )
    return [np.ascontiguousarray(part) for part in parts]
