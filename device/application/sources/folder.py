"""The samples in the files of a folder, in the order of their names."""

from collections.abc import Callable, Iterator
from pathlib import Path

from splitwave.common.errors import DataError


def folder_samples(
    folder: Path,
    open_file: Callable[[Path], Iterator[object] | None],
    report: Callable[[str], None],
) -> Iterator[object]:
    """The samples of all files of a folder; files whose names begin with a dot, and folders in it, are left out.

    Args:
        folder: that is listed once, now.
        open_file: gives the samples of a file, or None for a kind that it does not know.
        report: gets one warning if files were skipped.

    Raises:
        DataError: the folder cannot be read, has no file of a known kind, or has one that is damaged.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror}") from None
    known = [path for path in files if open_file(path) is not None]  # and closed again: there may be many
    skipped = [path.name for path in files if path not in set(known)]
    if skipped:
        report(f"{folder}: skipped {len(skipped)} files of a kind that holds no samples, such as {skipped[0]}")
    if len(skipped) == len(files):
        raise DataError(f"{folder}: no file that holds samples: expected .png, .jpg, .npy or .npz")
    return (sample for path in known for sample in open_file(path) or ())
