"""Standard output and error that never fail the work they report.

Output that cannot be written is dropped; a letter that the encoding does not have is replaced.
"""

import codecs
import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from splitwave.common.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_READER_LEFT = frozenset({errno.EPIPE, errno.ECONNRESET})  # such as `head`, which has seen enough

_SPELLED = {"β": "beta", "µ": "u", "²": "^2", "×": "x", "·": "*", "±": "+-", "≤": "<=", "→": "->", "–": "-", "…": "..."}
"""Replacements of the letters that our own output has outside ASCII."""
_SURROGATE = 0xDC00
"""Python's stand-in for a byte that is not text, as a file name may have, is this number plus the byte."""


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace the first letter that cannot be encoded; a byte that is not text is written as it is."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letter, rest = error.object[error.start], error.start + 1
    byte = ord(letter) - _SURROGATE
    if 0x80 <= byte <= 0xFF:
        return bytes([byte]), rest
    return _SPELLED.get(letter) or letter.encode("ascii", "backslashreplace").decode("ascii"), rest


_REPLACING = "splitwave.replace"
codecs.register_error(_REPLACING, _replace)


class LenientFile(io.FileIO):
    """A file that drops all further output once a write has failed.

    Attributes:
        failure: the error of that write; None before it.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.failure: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write the data, or drop them and report success."""
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


def make_streams_lenient() -> None:
    """Make `sys.stdout` and `sys.stderr` lenient, unless a notebook or a test has replaced them, or they are already.

    A standard stream that the process was started without becomes /dev/null. Otherwise the next file that is opened
    would take its descriptor, and a library's output on standard error would end in that file.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if _is_own(sys.stdout, 1):
        sys.stdout = _lenient(1, sys.stdout)
    if _is_own(sys.stderr, 2):
        sys.stderr = _lenient(2, sys.stderr)


def check_output() -> None:
    """Check that standard output took all that was printed, or that its reader has left, as `head` does.

    Raises:
        OutputError: it did not.
    """
    failure = output_failure()
    if failure is not None and failure.errno not in _READER_LEFT:
        raise OutputError(f"standard output cannot be written to: {failure.strerror}")


def output_failure() -> OSError | None:
    """Return why a print did not reach standard output; None if all did, or if the stream is not a lenient one."""
    raw = _raw(sys.stdout)
    if not isinstance(raw, LenientFile):
        return None
    sys.stdout.flush()
    return raw.failure


def _is_own(stream: TextIO | None, descriptor: int) -> bool:
    """Whether this process was started with the stream; None stands for a descriptor that was closed."""
    if isinstance(_raw(stream), LenientFile):
        return False
    try:
        return stream is None or stream.fileno() == descriptor
    except OSError:  # io.UnsupportedOperation: the stream has no descriptor
        return False


def _raw(stream: TextIO | None) -> object:
    return getattr(getattr(stream, "buffer", None), "raw", None)


def _lenient(descriptor: int, replaced: TextIO | None) -> TextIO:
    if replaced is not None:
        try:
            replaced.flush()
        except OSError:
            replaced = None
    raw = LenientFile(descriptor)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(replaced, "encoding", "utf-8"),
        errors=_REPLACING,
        line_buffering=descriptor == 2 or raw.isatty(),
    )
