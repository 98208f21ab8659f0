"""The source `idx`: four IDX files, as MNIST and its relatives (Fashion-MNIST, KMNIST, EMNIST) are published.

The files lie in the folder `data.path` of the data directory, or where torchvision puts them below it
(`MNIST/raw/`, `FashionMNIST/raw/` …). Their names begin with `train` and with `t10k` or `test`, or, in EMNIST, with
`emnist-…-train` and `emnist-…-test`; each is gzipped or not.
"""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.dataset import Split
from splitwave.common.data.sources.idx_stream import read_idx
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.data.sources.source import place_of
from splitwave.common.errors import DataError, MissingDataError
from splitwave.common.files.denied import reason_of

_SPLITS: dict[Split, str] = {"train": "train", "test": "(?:t10k|test)"}
_LARGEST_FOLDER = 10_000
"""A folder with more files is not one of IDX files; the search ends there."""


def read_inputs(options: SourceOptions, split: Split, data_dir: Path | None) -> NDArray[np.uint8]:
    """(N, H, W) or (N, C, H, W) uint8 images.

    Raises:
        DataError: the file is missing, or is not exactly one array of unsigned bytes.
    """
    return read_idx(_find(options, split, "images", data_dir))


def read_targets(options: SourceOptions, split: Split, data_dir: Path | None) -> NDArray[np.uint8]:
    """(N,) uint8 classes; errors as for `read_inputs`."""
    return read_idx(_find(options, split, "labels", data_dir))


def _find(options: SourceOptions, split: Split, kind: str, data_dir: Path | None) -> Path:
    folder = place_of(options, data_dir)
    pattern = re.compile(rf"(?:.*-)?{_SPLITS[split]}-{kind}[-.]idx\d-ubyte(?:\.gz)?\Z")
    found: list[Path] = []
    for place in _folders(folder):
        found = [path for path in _files(place) if pattern.match(path.name)]
        if found:
            break
    names = {path.name.removesuffix(".gz") for path in found}
    if not names:
        raise MissingDataError(
            f"data.path: no IDX file of {split} {kind} in {folder}: expected a name such as "
            f"{'train' if split == 'train' else 't10k'}-{kind}-idx{3 if kind == 'images' else 1}-ubyte, with .gz or "
            "without, there or in its folder raw or */raw"
        )
    if len(names) > 1:
        raise DataError(
            f"data.path: {folder} holds several files of {split} {kind}: {', '.join(sorted(names))}: keep those of one "
            "data set in a folder of their own"
        )
    return min(found, key=lambda path: len(path.name))  # a plain file rather than the gzipped one beside it


def _folders(folder: Path) -> list[Path]:
    return [folder, folder / "raw", *sorted(folder.glob("*/raw"))]


def _files(folder: Path) -> list[Path]:
    files: list[Path] = []
    try:
        if not folder.is_dir():
            return []
        for path in folder.iterdir():
            files.append(path)
            if len(files) > _LARGEST_FOLDER:
                raise DataError(
                    f"data.path: {folder} holds more than {_LARGEST_FOLDER:,} files: expected four IDX files"
                )
        return [path for path in files if path.is_file()]
    except OSError as error:
        raise DataError(f"data.path: {reason_of(error)}") from error
