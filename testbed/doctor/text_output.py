"""Text: the encodings of standard output and of file names, and the terminal."""

import locale
import os
import sys
from collections.abc import Iterator

from splitwave.testbed.doctor.finding import Circumstances, Finding, note

_LETTERS = "β ≤ –"
"""Letters that the commands print."""
_REMEDY = "set PYTHONIOENCODING=utf-8, or a UTF-8 locale: export LC_ALL=C.UTF-8"
_VARIABLES = ("LC_ALL", "LC_CTYPE", "LANG", "PYTHONUTF8", "PYTHONIOENCODING", "TERM", "COLUMNS", "NO_COLOR")


def check_text_output(_circumstances: Circumstances) -> Iterator[Finding]:
    """Check the encodings of this process."""
    yield encoding_finding("standard output", getattr(sys.stdout, "encoding", None) or "ascii")
    yield encoding_finding("file names", sys.getfilesystemencoding())
    yield Finding("locale", f"{locale.getlocale()[0]}, {locale.getencoding()}")
    values = [f"{name}={os.environ[name]}" for name in _VARIABLES if name in os.environ]
    yield Finding("terminal", f"{'yes' if sys.stdout.isatty() else 'no'}; {' '.join(values) or 'no variables'}")


def encoding_finding(name: str, encoding: str) -> Finding:
    """Check whether an encoding has the letters of the commands' output."""
    try:
        _LETTERS.encode(encoding)
    except UnicodeEncodeError:
        return note(name, f"{encoding}, which lacks letters such as the Greek beta", _REMEDY)
    return Finding(name, encoding)
