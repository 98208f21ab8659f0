"""Recognition of full disks, and errors that name the path on the disk, as the error of a write does not."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from splitwave.common.errors import DiskFullError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_disk_full(error: OSError) -> bool:
    """Whether an error means that a disk, or a user's quota on it, is used up."""
    return error.errno in _FULL


@contextmanager
def naming_full_disk(path: Path) -> Iterator[None]:
    """Name the path in the error if the body of the `with`, which writes to it or below it, fills the disk.

    Raises:
        DiskFullError: the disk is full.
    """
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise DiskFullError(f"the disk that holds {path} is full: {error.strerror}") from error
        raise


def has_no_space(folder: Path) -> bool:
    """Whether the disk of a folder has no space, or no room for another file."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail == 0 or (disk.f_files > 0 and disk.f_favail == 0)
