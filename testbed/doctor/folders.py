"""The folders that commands write to: whether they can be written to, and their free space."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile

from splitwave.common.errors import SplitwaveError
from splitwave.common.files.full_disk import has_no_space
from splitwave.common.files.user_folders import cache_folder, state_folder
from splitwave.testbed.doctor.finding import Circumstances, Finding, failed, note

_MIB = 2**20
_LITTLE_SPACE_BYTES = 500 * _MIB
_STATE = "name another folder with --state"
_CACHE = "name a data directory (--data-dir)"


def check_folders(circumstances: Circumstances) -> Iterator[Finding]:
    """Check the folders of results, checkpoints, downloads and temporary files; none is made."""
    yield _located("results", lambda: circumstances.results, "name another folder with --results")
    yield _located("state", lambda: state_folder(_STATE), _STATE)
    yield _located("downloads", lambda: cache_folder(_CACHE), _CACHE)
    yield _located("temporary", lambda: Path(tempfile.gettempdir()), "set TMPDIR to a folder that can be written to")


def _located(name: str, locate: Callable[[], Path], remedy: str) -> Finding:
    try:
        folder = locate()
    except (SplitwaveError, OSError, RuntimeError) as error:  # no home folder, no usable folder for temporary files
        return failed(name, str(error), remedy)
    return folder_finding(name, folder, remedy)


def folder_finding(name: str, folder: Path, remedy: str) -> Finding:
    """Write a test file to a folder, or to the existing folder in which it would be made."""
    try:
        existing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        with TemporaryFile(dir=existing):
            pass
        free = shutil.disk_usage(existing).free
    except OSError as error:
        if folder.is_dir() and has_no_space(folder):
            return failed(name, f"{folder}: the disk is full", f"free space there, or {remedy}")
        return failed(name, f"{folder} cannot be written to: {error.strerror or error}", remedy)
    value = f"{folder}{'' if existing is folder else ' (not made yet)'}, {free / _MIB:,.0f} MiB free"
    if free == 0 or has_no_space(existing):
        return failed(name, value, f"free space there, or {remedy}")
    return note(name, value, f"free space there, or {remedy}") if free < _LITTLE_SPACE_BYTES else Finding(name, value)
