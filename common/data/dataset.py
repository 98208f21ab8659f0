"""The protocol of data sets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from splitwave.common.tasks.task import Targets, Task

__all__ = ["DataSet", "ImageShape", "Images", "Split", "Targets"]

Split = Literal["train", "test"]

ImageShape = tuple[int, int, int]
"""(C, H, W): channels, rows and columns of an image."""

Images = NDArray[np.uint8] | NDArray[np.float32]
"""(N, C, H, W), or (N, H, W) for C = 1: uint8 pixels, or float32 measurements."""


@runtime_checkable
class DataSet(Protocol):
    """One data set: a module with these constants and functions, or an object that has them.

    `data_dir` is the folder that the user named, or None for the data set's own source: a package, or a download.
    Loading raises `common.errors.DataError` if the data are missing or are not what was published. Reading
    settings imports the data set, so importing it must be quick, read no data and import no torch.
    """

    @property
    def IMAGE_SHAPE(self) -> ImageShape:  # noqa: N802 — a constant of a module
        """(C, H, W) of an image; the K views share its H rows."""
        ...

    @property
    def TASK(self) -> Task:  # noqa: N802 — likewise
        """The task: what the base station answers for a sample."""
        ...

    @property
    def DOWNLOADED(self) -> Mapping[Split, int] | None:  # noqa: N802 — likewise
        """N of each split of a data set that is downloaded where no data directory is named; else None."""
        ...

    def load_images(self, split: Split, data_dir: Path | None, /) -> Images:
        """The images in the data set's own order; they may be read-only.

        Pixels are uint8; devices divide them by 255. Measurements are float32, of about unit power.
        """
        ...

    def load_labels(self, split: Split, data_dir: Path | None, /) -> Targets:
        """(N,) targets of the task, in the order of the images; torch needs them writable."""
        ...

    def content_digest(self, split: Split, data_dir: Path | None, /) -> str:
        """SHA-256, in hexadecimal, of the decoded source that loading the images checks, for the record of a result.

        Reads nothing where the digest is known beforehand; else it raises what loading raises.
        """
        ...

    def verify(self, split: Split, data_dir: Path | None, /) -> int:
        """N of a split, after a check of all that loading it would read, which is downloaded where it is missing.

        Raises what loading the images or the labels would raise.
        """
        ...
