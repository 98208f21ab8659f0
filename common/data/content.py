"""The uncompressed content of a data file, and the check that it is what was published."""

import gzip
import hashlib
import zlib
from pathlib import Path
from typing import Literal

from splitwave.common.errors import DataError
from splitwave.common.files.denied import reason_of

Algorithm = Literal["sha256", "md5"]

_NAMES: dict[Algorithm, str] = {"sha256": "SHA-256", "md5": "MD5"}
_GZIP_MAGIC = b"\x1f\x8b"


def read_content(path: Path) -> bytes:
    """All bytes of a file, unpacked if its first two bytes say that it is gzipped, whatever its name.

    Raises:
        DataError: if the file cannot be read, or is gzipped and damaged.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP_MAGIC) else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {reason_of(error)}") from error


def verified_content(path: Path, expected: str, algorithm: Algorithm = "sha256") -> bytes:
    """All bytes of a file whose uncompressed content is known.

    The hash is that of the content, not of the file: the same content is published in different gzip files.

    Args:
        path: a plain or gzipped file.
        expected: hash of the uncompressed content, in hexadecimal.
        algorithm: the algorithm of the hash. MD5, where nothing better is published, finds mistakes but no forgeries.

    Raises:
        DataError: if the file cannot be read or holds anything else.
    """
    content = read_content(path)
    found = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
    if found != expected:
        raise DataError(
            f"{path} holds other data: {_NAMES[algorithm]} {found} (uncompressed) where {expected} was expected"
        )
    return content
