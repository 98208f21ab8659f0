"""The data sets by name. A new one is a module or an object that satisfies `DataSet`, and one entry here."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from splitwave.common.data import mnist, mnist5k
from splitwave.common.data.cifar10 import CIFAR10, CIFAR10_JPEG
from splitwave.common.data.dataset import DataSet, Images, ImageShape, Split, Targets
from splitwave.common.data.simulated import BLUETOOTH_TONES, WIFI_CSI
from splitwave.common.tasks.task import Task

__all__ = [
    "DataSetName",
    "Split",
    "content_digest",
    "downloaded_samples",
    "fingerprint",
    "image_shape",
    "load_images",
    "load_labels",
    "task",
    "verify",
]

DataSetName = Literal["mnist5k", "mnist", "cifar10", "cifar10-jpeg", "bluetooth-tones", "wifi-csi"]

_DATA_SETS: dict[DataSetName, DataSet] = {
    "mnist5k": mnist5k,
    "mnist": mnist,
    "cifar10": CIFAR10,
    "cifar10-jpeg": CIFAR10_JPEG,
    "bluetooth-tones": BLUETOOTH_TONES,
    "wifi-csi": WIFI_CSI,
}


def image_shape(name: DataSetName) -> ImageShape:
    """(C, H, W) of an image, known without reading any."""
    return _DATA_SETS[name].IMAGE_SHAPE


def task(name: DataSetName) -> Task:
    """What is to be answered of a sample, known without reading any."""
    return _DATA_SETS[name].TASK


def downloaded_samples(name: DataSetName) -> Mapping[Split, int] | None:
    """N of each split of what is downloaded where no data directory is named; None if nothing is."""
    return _DATA_SETS[name].DOWNLOADED


def verify(name: DataSetName, split: Split, data_dir: Path | None) -> int:
    """Check all that the parties of a run will load of a split, and download it once for all of them.

    Arguments are those of `load_images`.

    Returns:
        The number of samples.

    Raises:
        DataError: whatever `load_images` or `load_labels` would raise.
    """
    return _DATA_SETS[name].verify(split, data_dir)


def load_images(name: DataSetName, split: Split, data_dir: Path | None) -> Images:
    """The images of a split, verified: all that a device needs.

    Args:
        name: of the data set.
        split: "train" or "test".
        data_dir: folder that holds the files; None for the data set's own source (a package, or a download).

    Returns:
        In the data set's own order (N, H, W) uint8, or (N, C, H, W) for colours; (N, C, H, W) float32 of what was
        measured, which may be read-only.

    Raises:
        DataError: if the data are missing or are not what was published.
    """
    return _DATA_SETS[name].load_images(split, data_dir)


def load_labels(name: DataSetName, split: Split, data_dir: Path | None) -> Targets:
    """The answers of a split, in the order of its images: all that the base station needs.

    (N,) int64 classes, or float32 nanoseconds.

    Arguments and errors are those of `load_images`.
    """
    return _DATA_SETS[name].load_labels(split, data_dir)


def content_digest(name: DataSetName, split: Split, data_dir: Path | None) -> str:
    """SHA-256, in hexadecimal, of the decoded source of a split's images, for the record beside a result.

    The MNISTs' is the hash that `load_images` checks, so nothing is read; the splits of mnist5k share one source. The
    CIFARs' is taken of their files. That of what is simulated is of its recipe.

    Raises:
        DataError: if those are missing, or hold other data.
    """
    return _DATA_SETS[name].content_digest(split, data_dir)


def fingerprint(name: DataSetName, data_dir: Path | None) -> str:
    """One SHA-256, in hexadecimal, over both splits' digests: equal at two parties that hold the same data."""
    digests = "\n".join(content_digest(name, split, data_dir) for split in get_args(Split))
    return hashlib.sha256(digests.encode()).hexdigest()
