"""The data directory, in which settings name files such as the trace of a channel: of a run, or of this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from splitwave.common.errors import DataError, MissingDataError

_of_process: Path | None = None
_of_run: ContextVar[tuple[Path | None] | None] = ContextVar("data folder of a run", default=None)
"""In a tuple, because a run may have none; None outside of runs."""


def use_data_folder(folder: Path | None) -> None:
    """Take the files of this process from a folder, as `--data` names it; None for the default.

    For a service, which has one run. What opens runs in a process that may have several uses `reading_from`.
    """
    global _of_process  # noqa: PLW0603 — the folder of a process, like its working directory
    _of_process = folder


@contextmanager
def reading_from(folder: Path | None) -> Iterator[None]:
    """Take files from a folder within the `with`, in this thread alone; None for the default.

    Channel models note the folder when they are made, so that they read from it later, too.
    """
    before = _of_run.set((folder,))
    try:
        yield
    finally:
        _of_run.reset(before)


def data_folder() -> Path | None:
    """The folder of the run that is opened, else that of the process, else that of SPLITWAVE_DATA_DIR, if any."""
    run, default = _of_run.get(), os.environ.get("SPLITWAVE_DATA_DIR")
    named = _of_process if run is None else run[0]
    return named or (Path(default) if default else None)


def file_in_data_folder(option: str, path: str, folder: Path | None) -> Path:
    """The path of a file that a setting names, within the data directory.

    A path that leaves the directory is refused: other parties get the settings from a base station, which must not
    choose what is read on their machines.

    Args:
        option: that names the file, for messages.
        path: relative to the data directory.
        folder: the data directory; None if there is none.

    Raises:
        MissingDataError: there is no data directory, or no such file.
        DataError: the path leads out of the directory.
    """
    if folder is None:
        raise MissingDataError(
            f"{option} = {path} is read from the data directory, and none is named: --data-dir DIR (--data of a "
            "service), or SPLITWAVE_DATA_DIR"
        )
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise DataError(
            f"{option} = {path}: expected a path within the data directory {folder}, because every party looks in "
            "its own"
        )
    file = folder / path
    if not file.is_file():
        raise MissingDataError(f"{option} = {path}: {file} does not exist")
    return file
