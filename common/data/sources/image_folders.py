"""Lists the files of a folder of class-named image folders, in an order that all parties share."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from splitwave.common.data.dataset import Split
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.data.sources.source import place_of
from splitwave.common.errors import DataError, MissingDataError
from splitwave.common.files.denied import reason_of

MAX_FILES = 2_000_000
"""A split with more files is refused, before their names fill the memory."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a split, sorted by class and name, with the number of each file's class.

    Attributes:
        folder: that the files' names start from.
        names: of the files, from `folder`.
        classes: numbers of the sorted class names.
    """

    folder: Path
    names: tuple[str, ...]
    classes: tuple[int, ...]


def list_split(options: SourceOptions, split: Split, data_dir: Path | None) -> Listing:
    """The files of a split; none of them is opened.

    Without `data.test_share`, the splits are the folders `train` and `test`, with the same classes. With it, the
    classes are directly in `data.path`, and a hash of its name decides whether a file is a test sample: the choice does
    not depend on the other files.

    Raises:
        DataError: folders are missing, empty or different, or something in them is no file.
    """
    root = place_of(options, data_dir)
    if options.test_share is not None:
        share, testing = options.test_share, split == "test"
        return _listing(root, _class_names(root), lambda name: (_place(name) < share) == testing)
    classes = _class_names(root / "train")
    if different := sorted(set(classes) ^ set(_class_names(root / "test"))):
        raise DataError(f"data.path: {root}: the class {different[0]} is in one of `train` and `test` only")
    return _listing(root / split, classes, lambda _: True)


def _place(name: str) -> float:
    """A number in [0, 1) that depends on the name alone."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogateescape")).digest()[:6]) / (1 << 48)


def _class_names(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise MissingDataError(
            f"data.path: there is no folder {folder}: expected train/CLASS/IMAGE and test/CLASS/IMAGE, or CLASS/IMAGE "
            "with data.test_share"
        )
    names = []
    for entry in _entries(folder):
        if not _is(entry, folder=True):
            raise DataError(f"data.path: {entry.path} is no folder: expected one folder for each class")
        names.append(entry.name)
    if not names:
        raise DataError(f"data.path: {folder} is empty: expected one folder for each class")
    return sorted(names)


def _listing(folder: Path, class_names: list[str], belongs: Callable[[str], bool]) -> Listing:
    names: list[str] = []
    classes: list[int] = []
    for number, class_name in enumerate(class_names):
        files = _files(folder / class_name, MAX_FILES - len(names))
        chosen = [path for name in files if belongs(path := f"{class_name}/{name}")]
        names += chosen
        classes += [number] * len(chosen)
    if not names:
        raise DataError(f"data.path: {folder}: this split has no images: choose another data.test_share")
    return Listing(folder, tuple(names), tuple(classes))


def _files(folder: Path, room: int) -> list[str]:
    names: list[str] = []
    for entry in _entries(folder):
        if not _is(entry, folder=False):
            raise DataError(f"data.path: {entry.path} is no file: expected images in a folder named after their class")
        names.append(entry.name)
        if len(names) > room:
            raise DataError(f"data.path: more than {MAX_FILES:,} files up to {folder}: pack them as npz or idx")
    if not names:
        raise DataError(f"data.path: {folder} holds no images")
    return sorted(names)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Everything in a folder but hidden files."""
    try:
        with os.scandir(folder) as entries:
            yield from (entry for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        raise DataError(f"data.path: {folder} cannot be read: {reason_of(error)}") from error


def _is(entry: os.DirEntry[str], *, folder: bool) -> bool:
    """Whether an entry, or the place that it links to, is a folder or a file; neither, if links form a loop."""
    try:
        return entry.is_dir() if folder else entry.is_file()
    except OSError:
        return False
