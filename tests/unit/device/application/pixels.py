"""A sample of pixels, and the pixels of what a source gives."""

from collections.abc import Iterable

import numpy as np

from splitwave.device.application.sample import Sample

SHAPE = (1, 2, 5)
PIXELS = np.arange(10, dtype=np.uint8).reshape(2, 5)


def pixels_of(items: Iterable[object]) -> list[list[int]]:
    return [np.asarray(item.x).reshape(-1).tolist() for item in items if isinstance(item, Sample)]
