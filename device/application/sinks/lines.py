"""Answers as lines of JSON, on standard output or appended to a file."""

import sys
from pathlib import Path
from typing import TextIO

from splitwave.common.errors import ConfigError
from splitwave.device.application.answer import Answer


class LineSink:
    """Writes each answer as a line, at once; an error of the disk ends the stream."""

    failed = 0

    def __init__(self, file: TextIO) -> None:
        """Args: the file, which `close` closes unless it is standard output."""
        self._file = file

    @classmethod
    def of_file(cls, path: Path) -> "LineSink":
        """Append to a file, which is made if there is none.

        Raises:
            ConfigError: it cannot be opened.
        """
        try:
            return cls(path.open("a", encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"--out {path}: cannot be written: {error.strerror}") from None

    def write(self, answer: Answer) -> None:
        """Write a line."""
        self._file.write(f"{answer.as_json()}\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        if self._file is not sys.stdout:
            self._file.close()
