"""The data sets by name.

A built-in data set is a module or an object that satisfies `DataSet`, and a line here. Another package adds one as an
entry point of the group `splitwave.datasets`. Only the data set that is asked for is imported.
"""

import hashlib
from pathlib import Path
from typing import get_args

from splitwave.common.data.dataset import DataSet, Images, Split
from splitwave.common.errors import DataError
from splitwave.common.seam import Seam
from splitwave.common.tasks.task import Targets

__all__ = ["DATA_SETS", "Split", "fingerprint", "load_images", "load_labels"]

DATA_SETS: Seam[DataSet] = Seam(
    "data.name",
    "splitwave.datasets",
    {
        "mnist5k": "splitwave.common.data.mnist5k",
        "mnist": "splitwave.common.data.mnist",
        "cifar10": "splitwave.common.data.cifar10:CIFAR10",
        "cifar10-jpeg": "splitwave.common.data.cifar10:CIFAR10_JPEG",
        "bluetooth-tones": "splitwave.common.data.bluetooth_tones:BLUETOOTH_TONES",
        "wifi-csi": "splitwave.common.data.wifi_csi:WIFI_CSI",
    },
)


def load_images(name: str, split: Split, data_dir: Path | None) -> Images:
    """The images of a split, all that a device needs; as `DataSet.load_images`, and checked against the data set.

    Args:
        name: of the data set.
        split: "train" or "test".
        data_dir: folder that holds the files; None for the data set's own source (a package, or a download).

    Raises:
        ConfigError: there is no such data set, or it cannot be imported.
        DataError: the data are missing or are not what was published, or the images have another shape or dtype than
            the data set promises.
    """
    data_set = DATA_SETS.load(name)
    images = data_set.load_images(split, data_dir)
    channels, height, width = data_set.IMAGE_SHAPE
    shapes = [(channels, height, width), *([(height, width)] if channels == 1 else [])]
    if images.shape[1:] not in shapes or images.dtype.name not in ("uint8", "float32"):
        raise DataError(
            f"{name}: the {split} images are {images.shape} {images.dtype}: expected uint8 or float32 of shape "
            f"{' or '.join(str(('N', *shape)) for shape in shapes)}"
        )
    return images


def load_labels(name: str, split: Split, data_dir: Path | None) -> Targets:
    """The labels of a split in the order of its images, all that the base station needs, checked by their task.

    Arguments and errors are those of `load_images`.
    """
    data_set = DATA_SETS.load(name)
    labels = data_set.load_labels(split, data_dir)
    try:
        data_set.TASK.check_targets(labels)
    except DataError as error:
        raise DataError(f"{name}: the {split} labels: {error}") from None
    return labels


def fingerprint(name: str, data_dir: Path | None) -> str:
    """One SHA-256, in hexadecimal, over both splits' digests: equal at two parties that hold the same data.

    Raises:
        DataError: as `DataSet.content_digest` does.
    """
    data_set = DATA_SETS.load(name)
    digests = "\n".join(data_set.content_digest(split, data_dir) for split in get_args(Split))
    return hashlib.sha256(digests.encode()).hexdigest()
