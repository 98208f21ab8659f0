"""What a data set is to the rest of the system."""

from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "test"]


class DataSet(Protocol):
    """One data set; each is a module of `common.data` with these functions.

    `data_dir` is a folder the user named, or None for the data set's own source: a package, or a download.
    Loading raises `common.errors.DataError` if the data are missing or are not what was published.
    """

    @property
    def IMAGE_HEIGHT(self) -> int:  # noqa: N802 — a constant of a module
        """H, the rows of an image, which the K views share; a constant of the module."""
        ...

    def load_images(self, split: Split, data_dir: Path | None, /) -> NDArray[np.uint8]:
        """(N, H, W) uint8 images, in the data set's own order."""
        ...

    def load_labels(self, split: Split, data_dir: Path | None, /) -> NDArray[np.int64]:
        """(N,) int64 classes, in the order of the images."""
        ...

    def content_digest(self, split: Split, data_dir: Path | None, /) -> str:
        """SHA-256, in hexadecimal, of the decoded source that loading the images checks; reads nothing."""
        ...
