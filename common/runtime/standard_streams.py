"""Standard output and error that never fail the work they tell of: what cannot be written is dropped."""

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from splitwave.common.errors import OutputError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_READER_LEFT = frozenset({errno.EPIPE, errno.ECONNRESET})  # such as `head`, which has seen enough


class LenientFile(io.FileIO):
    """A descriptor to write to; from its first failure on it drops what it is given.

    Attributes:
        failure: what went wrong, None as long as nothing did.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.failure: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write, or pretend to."""
        if self.failure is None:
            try:
                return super().write(data)
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes


def make_streams_lenient() -> None:
    """Replace `sys.stdout` and `sys.stderr` for the rest of this process, unless somebody else has: a notebook, a test.

    A standard stream that the process was started without becomes /dev/null: the next file that is opened would take
    its descriptor, and whatever a library writes to standard error would end in that file.
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
    """Make sure that what was printed is on standard output, unless its reader wanted no more of it.

    Raises:
        OutputError: it is not.
    """
    failure = output_failure()
    if failure is not None and failure.errno not in _READER_LEFT:
        raise OutputError(f"standard output cannot be written to: {failure.strerror}")


def output_failure() -> OSError | None:
    """Why something that was printed did not reach standard output; None if all did, or nobody can tell."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if not isinstance(raw, LenientFile):
        return None
    sys.stdout.flush()
    return raw.failure


def _is_own(stream: TextIO | None, descriptor: int) -> bool:
    """Whether a stream is that which this process was started with; there is none where the descriptor was closed."""
    try:
        return stream is None or stream.fileno() == descriptor
    except OSError:  # io.UnsupportedOperation: it is no file
        return False


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
        errors=getattr(replaced, "errors", "backslashreplace"),
        line_buffering=descriptor == 2 or raw.isatty(),
    )
