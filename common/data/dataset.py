"""What a data set is to the rest of the system."""

from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "test"]

ImageShape = tuple[int, int, int]
"""(C, H, W): channels, rows and columns of an image."""


class DataSet(Protocol):
    """One data set: a module of `common.data` with these functions, or an object that has them.

    `data_dir` is a folder the user named, or None for the data set's own source: a package, or a download.
    Loading raises `common.errors.DataError` if the data are missing or are not what was published.
    """

    @property
    def IMAGE_SHAPE(self) -> ImageShape:  # noqa: N802 — a constant of a module
        """Of an image, known without reading any; its rows are what the K views share."""
        ...

    def load_images(self, split: Split, data_dir: Path | None, /) -> NDArray[np.uint8]:
        """uint8 images in the data set's own order: (N, H, W) grey ones, (N, C, H, W) if they have colours."""
        ...

    def load_labels(self, split: Split, data_dir: Path | None, /) -> NDArray[np.int64]:
        """(N,) int64 classes, in the order of the images."""
        ...

    def content_digest(self, split: Split, data_dir: Path | None, /) -> str:
        """SHA-256, in hexadecimal, of the decoded source that loading the images checks.

        Reads nothing where that is known beforehand; else it raises what loading raises.
        """
        ...
