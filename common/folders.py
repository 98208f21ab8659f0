"""Folders that are written to: made where they are missing, and tried out before the work, not after it."""

from pathlib import Path
from tempfile import TemporaryFile

from common.errors import ConfigError


def try_out(folder: Path) -> None:
    """Make a folder, with those above it, and write to it.

    Raises:
        OSError: one of that is impossible; the message names the path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder):
        pass


def make_output_folder(folder: Path, option: str) -> None:
    """Make the folder of an option, such as `--results`.

    Raises:
        ConfigError: it cannot be made, or not be written to.
    """
    try:
        try_out(folder)
    except OSError as error:
        raise ConfigError(f"{option} {folder}: not a folder that can be made and written to: {error}") from None
