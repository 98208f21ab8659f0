"""The source `cifar`: CIFAR-10 or CIFAR-100, and data in their formats, as binary files or as Python's (`-py`).

The files lie in `data.path`. CIFAR-10 has `data_batch_1`, `data_batch_2` … and `test_batch`, CIFAR-100 `train` and
`test`, with a coarse and a fine label for each image; the fine labels are read. Binary files end in `.bin`.
"""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.dataset import Split
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.data.sources.pickled_arrays import read_pickled
from splitwave.common.data.sources.source import check_bytes, place_of
from splitwave.common.errors import DataError, MissingDataError
from splitwave.common.files.denied import reason_of

PIXELS = 3 * 32 * 32
_NAMES: dict[Split, str] = {"train": r"(?:data_batch_(\d+)|train)", "test": "(?:test_batch|test)"}


def read_inputs(options: SourceOptions, split: Split, data_dir: Path | None) -> NDArray[np.uint8]:
    """(N, 3, 32, 32) uint8 images.

    Raises:
        DataError: files are missing, or have another format.
    """
    parts = [_read(path)[0] for path in _files(options, split, data_dir)]
    return np.concatenate(parts).reshape(-1, 3, 32, 32)


def read_targets(options: SourceOptions, split: Split, data_dir: Path | None) -> NDArray[np.int64]:
    """(N,) classes; errors as for `read_inputs`."""
    return np.concatenate([_read(path)[1] for path in _files(options, split, data_dir)])


def _files(options: SourceOptions, split: Split, data_dir: Path | None) -> list[Path]:
    """The files of a split in the order of their numbers."""
    folder = place_of(options, data_dir)
    pattern = re.compile(rf"{_NAMES[split]}(?:\.bin)?\Z")
    try:
        found = [path for path in folder.iterdir() if pattern.match(path.name) and path.is_file()]
        check_bytes(sum(path.stat().st_size for path in found), folder)
    except OSError as error:
        raise DataError(f"data.path: {reason_of(error)}") from error
    if not found:
        raise MissingDataError(
            f"data.path: no {split} files of CIFAR in {folder}: expected data_batch_1 … and test_batch, or train and "
            "test, with or without .bin"
        )
    if len({path.suffix for path in found}) > 1:
        raise DataError(f"data.path: {folder} holds both versions of the {split} files: keep one")
    return sorted(found, key=lambda path: int("".join(filter(str.isdecimal, path.stem)) or 0))


def _read(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(N, 3072) pixels and (N,) classes of one file."""
    return _read_binary(path) if path.suffix == ".bin" else _read_python(path)


def _read_binary(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    labels = 2 if path.stem in ("train", "test") else 1  # CIFAR-100: the coarse label, then the fine one
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {reason_of(error)}") from error
    if not content or len(content) % (labels + PIXELS):
        raise DataError(f"{path} has {len(content)} bytes, which are not records of {labels + PIXELS}")
    records = np.frombuffer(content, dtype=np.uint8).reshape(-1, labels + PIXELS)
    return records[:, labels:], records[:, labels - 1].astype(np.int64)


def _read_python(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    found = read_pickled(path)
    pixels, labels = found.get("data"), found.get("fine_labels", found.get("labels"))
    if not isinstance(pixels, np.ndarray) or pixels.ndim != 2 or pixels.shape[1] != PIXELS:
        raise DataError(f"{path}: `data` is not an array of {PIXELS} bytes for each image")
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 1 << 31 for label in labels):
        raise DataError(f"{path}: neither `fine_labels` nor `labels` is a list of classes")
    if len(labels) != len(pixels):
        raise DataError(f"{path}: {len(pixels)} images, and {len(labels)} labels: expected one each")
    return pixels, np.array(labels, dtype=np.int64)
