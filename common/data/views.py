"""Views of one image for K devices: sub-images of adjacent rows, all of one size [QML-IB, Experiments].

The paper's views are equal parts, disjoint or overlapping, so its K divides H. Here K is any number: where it does not
divide H, the height of a view is rounded up to a whole number of rows, and neighbouring views overlap accordingly.
"""

import math

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.dataset import Images

MAX_PIXEL = np.float32(255)


def view_rows(height: int, links: int, link: int, overlap: float = 0.0) -> slice:
    """The rows that one device sees: one of K parts of h rows, spread evenly from the top of the image to its bottom.

    A part shares `overlap`·h rows with the next one, so h = H / (K − (K − 1)·overlap), rounded to the nearest row but
    at least ⌈H/K⌉, so that every row is seen; because of the rounding, neighbours may share a row more or less. K > H
    devices see one row each, and some of them see the same row.

    Args:
        height: H rows of an image.
        links: K ≥ 1.
        link: 0 ≤ link < K.
        overlap: share of a view that its neighbour sees too, in [0, 1).

    Raises:
        ValueError: if the link is not one of K, or the overlap out of range.
    """
    if not 0 <= link < links:
        raise ValueError(f"link {link} is not one of 0 … {links - 1}")
    if not 0 <= overlap < 1:
        raise ValueError(f"overlap = {overlap}: expected a share in [0, 1)")
    rows = max(math.ceil(height / links), round(height / (links - (links - 1) * overlap)))
    first = round(link * (height - rows) / max(1, links - 1))
    return slice(first, first + rows)


def row_view(images: Images, links: int, link: int, overlap: float = 0.0) -> NDArray[np.float32]:
    """The view that one device has of each image: its `view_rows`, flattened.

    Args:
        images: (N, H, W) or (N, C, H, W), uint8 pixels or float32 measurements.
        links: K ≥ 1.
        link: 0 ≤ link < K.
        overlap: share of a view that its neighbour sees too, in [0, 1).

    Returns:
        (N, C·h·W) float32, a contiguous copy: pixels in [0, 1] (pixel / 255), measurements unchanged. The rows of a
        view follow one another, channel by channel, so that a reshape to (C, h, W) gives an image again.

    Raises:
        ValueError: if the link is not one of K, or the overlap out of range.
    """
    return flat_features(images[..., view_rows(images.shape[-2], links, link, overlap), :])


def flat_features(images: Images) -> NDArray[np.float32]:
    """(N, features) float32 of (N, …) samples, a contiguous copy: pixels in [0, 1], measurements unchanged."""
    flat = images.reshape(len(images), math.prod(images.shape[1:]))
    return flat.astype(np.float32) if images.dtype == np.float32 else np.divide(flat, MAX_PIXEL, dtype=np.float32)
