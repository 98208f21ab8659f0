"""How K devices share one image: equal sub-images of adjacent rows, no overlap [QML-IB, Experiments]."""

import numpy as np
from numpy.typing import NDArray

from common.errors import DataError

_MAX_PIXEL = np.float32(255)


def valid_link_counts(height: int) -> tuple[int, ...]:
    """The K that split an image of this height into equal views: its divisors, increasing."""
    return tuple(links for links in range(1, height + 1) if height % links == 0)


def row_view(images: NDArray[np.uint8], links: int, link: int) -> NDArray[np.float32]:
    """What one device sees of each image: the link-th of K horizontal strips, top to bottom, flattened.

    Args:
        images: (N, H, W) uint8.
        links: K, a divisor of H.
        link: 0 ≤ link < K.

    Returns:
        (N, H/K·W) float32 in [0, 1] (pixel / 255), row by row, contiguous.

    Raises:
        DataError: if K does not divide H.
        ValueError: if the link is not one of K.
    """
    height = images.shape[1]
    if links not in valid_link_counts(height):
        valid = ", ".join(map(str, valid_link_counts(height)))
        raise DataError(f"images of height {height} do not split into K = {links} equal views; K can be {valid}")
    if not 0 <= link < links:
        raise ValueError(f"link {link} is not one of 0 … {links - 1}")
    rows = height // links
    strip = images[:, link * rows : (link + 1) * rows]
    return np.divide(strip.reshape(len(images), rows * images.shape[2]), _MAX_PIXEL, dtype=np.float32)
