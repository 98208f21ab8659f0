"""The data sets by name.

A built-in data set is a module or an object that satisfies `DataSet`, and a line here. Another package adds one as an
entry point of the group `splitwave.datasets`. Only the data set that is asked for is imported.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import get_args

from splitwave.common.data.dataset import DataSet, Images, Split
from splitwave.common.data.sources.options import Facts, SourceOptions
from splitwave.common.data.sources.source import Remarks, Source
from splitwave.common.data.sources.source_data import SourceData
from splitwave.common.errors import DataError
from splitwave.common.seam import Seam
from splitwave.common.tasks.task import Targets

__all__ = [
    "DATA_SETS", "SOURCES", "DataChoice", "Split", "check_choice", "find", "fingerprint", "inspect", "is_source",
    "load_images", "load_labels", "remarks", "run_fingerprint",
]  # fmt: skip

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


SOURCES: Seam[Source] = Seam(
    "data.name",
    "splitwave.data_sources",
    {
        "idx": "splitwave.common.data.sources.idx_files",
        "npz": "splitwave.common.data.sources.npz",
        "images": "splitwave.common.data.sources.images",
        "cifar": "splitwave.common.data.sources.cifar",
        "python": "splitwave.common.data.sources.python",
    },
)
"""Formats of data of a user's own: a name, a line here, and settings that say where the data are."""

DataChoice = str | SourceOptions
"""The name of a data set, or a source with its options."""


def is_source(name: str) -> bool:
    """Whether a name is that of a source; for built-in names, no installed package is looked for, which takes time."""
    return name in SOURCES.built_in or (name not in DATA_SETS.built_in and name in SOURCES.names)


def check_choice(name: str) -> str:
    """The name itself, of a data set or a source.

    Raises:
        ValueError: nothing has this name.
    """
    if is_source(name):
        return name
    try:
        return DATA_SETS.check(name)
    except ValueError as error:
        raise ValueError(f"{error}; sources of data of your own: {', '.join(SOURCES.names)}") from None


def find(choice: DataChoice) -> DataSet:
    """The data set that was chosen; nothing of it is read.

    Raises:
        ConfigError: there is no such data set or source, or it cannot be imported.
    """
    return DATA_SETS.load(choice) if isinstance(choice, str) else _source_data(choice)


def inspect(choice: SourceOptions, data_dir: Path | None) -> Facts:
    """Find in a user's own data the facts that the parties of a run need; reads all of them.

    Raises:
        DataError: the data are missing or damaged, or contradict one another or the options.
    """
    return _source_data(choice).inspect(data_dir)


def remarks(choice: DataChoice, data_dir: Path | None) -> Sequence[str]:
    """Sentences for the user about data that can be used, such as how many files were left out."""
    if isinstance(choice, str):
        return ()
    source = SOURCES.load(choice.name)
    return source.remarks(choice, data_dir) if isinstance(source, Remarks) else ()


@lru_cache(maxsize=4)
def _source_data(options: SourceOptions) -> SourceData:
    """One object for equal options, which remembers the digests of what it read."""
    return SourceData(options, SOURCES.load(options.name))


def load_images(choice: DataChoice, split: Split, data_dir: Path | None) -> Images:
    """The images of a split, all that a device needs; as `DataSet.load_images`, and checked against the data set.

    Args:
        choice: a data set's name, or a source with its options.
        split: "train" or "test".
        data_dir: folder that holds the files; None for the data set's own source (a package, or a download).

    Raises:
        ConfigError: there is no such data set, or it cannot be imported.
        DataError: the data are missing or are not what was published, or the images have another shape or dtype than
            the data set promises.
    """
    data_set = find(choice)
    images = data_set.load_images(split, data_dir)
    channels, height, width = data_set.IMAGE_SHAPE
    shapes = [(channels, height, width), *([(height, width)] if channels == 1 else [])]
    if images.shape[1:] not in shapes or images.dtype.name not in ("uint8", "float32"):
        raise DataError(
            f"{choice}: the {split} images are {images.shape} {images.dtype}: expected uint8 or float32 of shape "
            f"{' or '.join(str(('N', *shape)) for shape in shapes)}"
        )
    return images


def load_labels(choice: DataChoice, split: Split, data_dir: Path | None) -> Targets:
    """The labels of a split in the order of its images, all that the base station needs, checked by their task.

    Arguments and errors are those of `load_images`.
    """
    data_set = find(choice)
    labels = data_set.load_labels(split, data_dir)
    try:
        data_set.TASK.check_targets(labels)
    except DataError as error:
        raise DataError(f"{choice}: the {split} labels: {error}") from None
    return labels


def fingerprint(choice: DataChoice, data_dir: Path | None) -> str:
    """One SHA-256, in hexadecimal, over both splits' digests: equal at two parties that hold the same data.

    Raises:
        DataError: as `DataSet.content_digest` does.
    """
    data_set = find(choice)
    return _combined(data_set.content_digest(split, data_dir) for split in get_args(Split))


def run_fingerprint(choice: DataChoice, data_dir: Path | None) -> str:
    """The fingerprint that a base station expects of its devices: the recorded one, without reading any input.

    Raises:
        DataError: nothing is recorded, and as `fingerprint` does.
    """
    if isinstance(choice, str) or choice.facts is None:
        return fingerprint(choice, data_dir)
    return _combined(choice.facts.sha256)


def _combined(digests: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()
