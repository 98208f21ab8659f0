"""Converts a folder of images, SPLIT/CLASS/FILE with the splits `train` and `test`, to CIFAR-10's binary format."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image

from splitwave.common.data.cifar10 import (
    CHECKSUMS_FILE,
    CLASSES,
    IMAGE_SHAPE,
    IMPORTED_FOLDER,
    TEST_FILE,
    checksum_list,
)
from splitwave.common.data.dataset import Split
from splitwave.common.errors import DataError

_FILE_RECORDS = 10_000
_NOT_AN_IMAGE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)
"""The exceptions that Pillow raises for a file that it cannot decode."""

ClassFiles = dict[str, list[Path]]


def import_images(source: Path, data_dir: Path) -> tuple[Path, dict[Split, int]]:
    """Write `data_dir`/cifar10-jpeg-batches-bin, under a temporary name first; existing files are never overwritten.

    Classes are numbered in alphabetical order. Images are sorted by class, then by file name; hidden files are
    ignored.

    Args:
        source: folder with `train` and `test`, each with ten class folders of images of 32 × 32 pixels.
        data_dir: the data directory for later runs (`--data-dir`); made if missing.

    Returns:
        The folder written, and the number of images in each split.

    Raises:
        DataError: the destination exists, or a class or an image is missing or invalid; the message names it.
    """
    destination = data_dir / IMPORTED_FOLDER
    if destination.exists():
        raise DataError(f"{destination} exists and is not overwritten: delete it, or import to another folder")
    splits = {split: _class_files(source / split) for split in get_args(Split)}
    _check_classes(source, splits["train"], splits["test"])
    partial = data_dir / f".{IMPORTED_FOLDER}.{os.getpid()}.partial"
    made = [folder for folder in (data_dir, *data_dir.parents) if not folder.exists()]
    try:
        partial.mkdir(parents=True)
        _write(partial, splits)
        partial.rename(destination)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        _remove_empty(made)
        raise
    return destination, {split: sum(map(len, classes.values())) for split, classes in splits.items()}


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders, innermost first, up to the first that is not empty."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _class_files(folder: Path) -> ClassFiles:
    if not folder.is_dir():
        raise DataError(
            f"{folder} is not a folder: expected folders `train` and `test`, each with one folder per class"
        )
    return {path.name: _images(path) for path in _visible(folder)}


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder} is a file: expected a folder of images named after their class")
    images = _visible(folder)
    if not images:
        raise DataError(f"{folder} holds no images")
    return images


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _check_classes(source: Path, train: ClassFiles, test: ClassFiles) -> None:
    if len(train) != CLASSES:
        raise DataError(f"{source / 'train'} holds {len(train)} class folders, expected {CLASSES}")
    if different := sorted(train.keys() ^ test.keys()):
        raise DataError(f"{source}: the class {different[0]} is in one of `train` and `test` only")


def _write(folder: Path, splits: dict[Split, ClassFiles]) -> None:
    checksums = {}
    train, number = _records(splits["train"]), 0
    while content := b"".join(islice(train, _FILE_RECORDS)):
        number += 1
        name = f"data_batch_{number}.bin"
        checksums[name] = _write_file(folder / name, content)
    checksums[TEST_FILE] = _write_file(folder / TEST_FILE, b"".join(_records(splits["test"])))
    (folder / CHECKSUMS_FILE).write_text(checksum_list(checksums), encoding="ascii")
    (folder / "batches.meta.txt").write_text(_lines(list(splits["train"])), encoding="utf-8")


def _write_file(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def _lines(names: Sequence[str]) -> str:
    return "".join(f"{name}\n" for name in names)


def _records(classes: ClassFiles) -> Iterator[bytes]:
    for number, paths in enumerate(classes.values()):
        for path in paths:
            yield bytes([number]) + _planes(path)


def _planes(path: Path) -> bytes:
    """Return the red, green and blue plane of an image as bytes, row by row."""
    _, height, width = IMAGE_SHAPE
    try:
        with Image.open(path) as image:
            if image.size != (width, height):
                raise DataError(f"{path} has {image.width} × {image.height} pixels, expected {width} × {height}")
            pixels = np.asarray(image.convert("RGB"))
    except _NOT_AN_IMAGE as error:
        raise DataError(f"{path} is not an image that can be read: {error}") from error
    return pixels.transpose(2, 0, 1).tobytes()
