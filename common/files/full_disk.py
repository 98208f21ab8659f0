"""Recognises a full disk and names the folder on it, which the error of a write does not."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from splitwave.common.errors import DiskFullError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_disk_full(error: OSError) -> bool:
    """Whether it is that a disk, or a user's share of it, has no space left."""
    return error.errno in _FULL


@contextmanager
def naming_full_disk(path: Path) -> Iterator[None]:
    """For the body of the `with`, which writes to a file or below a folder.

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
    """Whether no file below a folder can grow, or none can be made."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail == 0 or (disk.f_files > 0 and disk.f_favail == 0)
