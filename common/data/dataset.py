"""What a data set is to the rest of the system."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from splitwave.common.tasks.task import Task

Split = Literal["train", "test"]

ImageShape = tuple[int, int, int]
"""(C, H, W): channels, rows and columns of an image."""

Images = NDArray[np.uint8] | NDArray[np.float32]
"""Pixels, or what was measured."""

Targets = NDArray[np.int64] | NDArray[np.float32]
"""Classes, or nanoseconds: what the base station is to answer, a sample each."""


class DataSet(Protocol):
    """One data set: a module of `common.data` with these functions, or an object that has them.

    `data_dir` is a folder the user named, or None for the data set's own source: a package, or a download.
    Loading raises `common.errors.DataError` if the data are missing or are not what was published.
    """

    @property
    def IMAGE_SHAPE(self) -> ImageShape:  # noqa: N802 — a constant of a module
        """Of an image, known without reading any; its rows are what the K views share."""
        ...

    @property
    def TASK(self) -> Task:  # noqa: N802 — likewise
        """What is to be answered of a sample."""
        ...

    @property
    def DOWNLOADED(self) -> Mapping[Split, int] | None:  # noqa: N802 — likewise
        """N of each split of what is downloaded where no data directory is named; None if nothing is."""
        ...

    def load_images(self, split: Split, data_dir: Path | None, /) -> Images:
        """In the data set's own order, (N, H, W) uint8 grey images, (N, C, H, W) if they have colours.

        Or (N, C, H, W) float32 of what was measured, of about unit power.
        """
        ...

    def load_labels(self, split: Split, data_dir: Path | None, /) -> Targets:
        """(N,) int64 classes or float32 nanoseconds, in the order of the images, writable."""
        ...

    def content_digest(self, split: Split, data_dir: Path | None, /) -> str:
        """SHA-256, in hexadecimal, of the decoded source that loading the images checks.

        Reads nothing where that is known beforehand; else it raises what loading raises.
        """
        ...

    def verify(self, split: Split, data_dir: Path | None, /) -> int:
        """N of a split; raises what loading its images or its answers would raise, and makes no more of them."""
        ...
