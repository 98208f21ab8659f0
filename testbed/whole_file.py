"""Files that are there as a whole or not at all, whatever interrupts their writing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write for the body of the `with`; at its end the file has its name."""
    temporary = path.with_name(f".{path.name}.partial")
    try:
        yield temporary
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
