"""Output folders, created where they are missing, and tested before the work instead of after it."""

from pathlib import Path
from tempfile import TemporaryFile

from splitwave.common.errors import ConfigError
from splitwave.common.files.full_disk import naming_full_disk


def try_out(folder: Path) -> None:
    """Create a folder and its parents, and write a test file to it.

    Raises:
        DiskFullError: the disk is full.
        OSError: the folder cannot be created or written to for another reason; the message names the path.
    """
    with naming_full_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass


def make_output_folder(folder: Path, option: str) -> None:
    """Create the folder that an option names, such as `--results`, and test it.

    Raises:
        DiskFullError: the disk is full.
        ConfigError: it cannot be created or written to for another reason.
    """
    try:
        try_out(folder)
    except OSError as error:
        raise ConfigError(f"{option} {folder}: not a folder that can be made and written to: {error}") from None
