"""Files that are complete or do not exist, whatever interrupts their writing."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; the file has its real name when the `with` ends without an error."""
    temporary = path.with_name(f".{path.name}.partial")
    try:
        yield temporary
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def durable_file(path: Path) -> Iterator[Path]:
    """As `whole_file`, and the file and its name are on the disk when the `with` ends, should the power fail then."""
    with whole_file(path) as temporary:
        yield temporary
        _sync(temporary)
    _sync(path.parent)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON object, keys in their given order.

    Raises:
        OSError: the file cannot be written.
        ValueError: a number in it is not finite.
    """
    with whole_file(path) as temporary:
        temporary.write_text(_json(content), encoding="utf-8")


def write_durable_json(path: Path, content: Mapping[str, object]) -> None:
    """Write a JSON object as `write_json` does, into a `durable_file`."""
    with durable_file(path) as temporary:
        temporary.write_text(_json(content), encoding="utf-8")


def _json(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _sync(path: Path) -> None:
    """Wait until what was written to a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
