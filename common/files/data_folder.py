"""The data directory of this process, in which settings name files, such as the trace of a channel."""

import os
from pathlib import Path

from splitwave.common.errors import DataError, MissingDataError

_named: Path | None = None


def use_data_folder(folder: Path | None) -> None:
    """Take the files of this process from a folder, as `--data` or `--data-dir` names it; None for the default."""
    global _named  # noqa: PLW0603 — the folder of a process, like its working directory
    _named = folder


def data_folder() -> Path | None:
    """The folder that was named, else that of SPLITWAVE_DATA_DIR, if any."""
    default = os.environ.get("SPLITWAVE_DATA_DIR")
    return _named or (Path(default) if default else None)


def file_in_data_folder(option: str, path: str) -> Path:
    """The path of a file that a setting names, within the data directory.

    A path that leaves the directory is refused: other parties get the settings from a base station, which must not
    choose what is read on their machines.

    Args:
        option: that names the file, for messages.
        path: relative to the data directory.

    Raises:
        MissingDataError: there is no data directory, or no such file.
        DataError: the path leads out of the directory.
    """
    folder = data_folder()
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
