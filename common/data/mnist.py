"""The data set `mnist`: 60,000 training and 10,000 test digits in four IDX files [LeCun, Cortes, Burges].

The files come from the user's data directory or, if none is named, from public mirrors through the user's cache. Images
and labels are separate files: a device opens no labels, and a base station no images.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.content import verified_content
from splitwave.common.data.dataset import ImageShape, Split
from splitwave.common.data.download import fetch
from splitwave.common.data.idx import parse_idx
from splitwave.common.errors import DataError, MissingDataError
from splitwave.common.files.denied import reason_of
from splitwave.common.files.user_folders import cache_folder
from splitwave.common.tasks.classification import Classification

IMAGE_SHAPE: ImageShape = (1, 28, 28)
TASK = Classification(classes=10)
DOWNLOADED: Mapping[Split, int] = {"train": 60_000, "test": 10_000}
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

# SHA-256 of the uncompressed files.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_IMAGES: dict[Split, str] = {"train": "train-images-idx3-ubyte", "test": "t10k-images-idx3-ubyte"}
_LABELS: dict[Split, str] = {"train": "train-labels-idx1-ubyte", "test": "t10k-labels-idx1-ubyte"}


def load_images(split: Split, data_dir: Path | None) -> NDArray[np.uint8]:
    """(N, 28, 28) uint8 images, 0 background to 255 ink, in MNIST's own order.

    Args:
        split: "train", N = 60,000, or "test", N = 10,000.
        data_dir: holds the file, plain or gzipped, itself or in a folder `mnist`; None to download it once.

    Raises:
        DataError: if the file is missing from the data directory, cannot be downloaded, or has other content.
    """
    return _load(_IMAGES[split], data_dir)


def load_labels(split: Split, data_dir: Path | None) -> NDArray[np.int64]:
    """(N,) int64 digits 0 to 9, in the order of the images; arguments and errors as for `load_images`."""
    return _load(_LABELS[split], data_dir).astype(np.int64)


def content_digest(split: Split, _data_dir: Path | None) -> str:
    """SHA-256 of the split's uncompressed image file, which loading checks wherever the file comes from."""
    return SHA256[_IMAGES[split]]


def verify(split: Split, data_dir: Path | None) -> int:
    """N of a split, after a check of both its files; arguments and errors as for `load_images`."""
    for name in (_IMAGES[split], _LABELS[split]):
        _read(name, data_dir)
    return DOWNLOADED[split]


def _load(name: str, data_dir: Path | None) -> NDArray[np.uint8]:
    path, content = _read(name, data_dir)
    return parse_idx(content, source=str(path))


def _read(name: str, data_dir: Path | None) -> tuple[Path, bytes]:
    """The path of a file, and its verified content."""
    path = _cached(name) if data_dir is None else _find(name, data_dir)
    try:
        return path, verified_content(path, SHA256[name])
    except DataError as error:
        remedy = "Delete it to have it downloaded again." if data_dir is None else _remedy(name, data_dir)
        raise DataError(f"MNIST: {error}. {remedy}") from error


def _cached(name: str) -> Path:
    cache = cache_folder("name a data directory (SPLITWAVE_DATA_DIR, --data-dir or --data)") / "mnist"
    try:
        return fetch(f"{name}.gz", SHA256[name], MIRRORS, cache)
    except DataError as error:
        raise DataError(f"MNIST: {error}. Put it there by hand, or name a data directory.") from error


def _find(name: str, data_dir: Path) -> Path:
    if not data_dir.is_dir():
        raise MissingDataError(f"MNIST: the data directory {data_dir} does not exist. {_remedy(name, data_dir)}")
    folders = (data_dir / "mnist", data_dir)
    names = (name, name.replace("-idx", ".idx"))  # with a dot, as some archivers and mirrors name the files
    candidates = [folder / (each + suffix) for folder in folders for each in names for suffix in ("", ".gz")]
    try:
        found = next((path for path in candidates if path.is_file()), None)
    except PermissionError as error:
        raise DataError(f"MNIST: {reason_of(error)}") from error
    if found is not None:
        return found
    looked_for = ", ".join(map(str, candidates))
    raise MissingDataError(f"MNIST: {name} is missing; looked for {looked_for}. {_remedy(name, data_dir)}")


def _remedy(name: str, data_dir: Path) -> str:
    source = f"{MIRRORS[0]}{name}.gz"
    return f"Put {source} into {data_dir / 'mnist'}, or name no data directory to have MNIST downloaded."
