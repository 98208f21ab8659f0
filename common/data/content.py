"""The uncompressed content of a data file, and the check that it is what was published."""

import gzip
import hashlib
import zlib
from pathlib import Path
from typing import IO, Literal

from splitwave.common.errors import DataError
from splitwave.common.files.denied import reason_of

Algorithm = Literal["sha256", "md5"]

_NAMES: dict[Algorithm, str] = {"sha256": "SHA-256", "md5": "MD5"}
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK_BYTES = 1 << 20
MAX_CONTENT_BYTES = 256 << 20
"""No file of a known data set has more, however much a damaged or forged gzip file unpacks to."""


def read_content(path: Path) -> bytes:
    """All bytes of a file, unpacked if its first two bytes say that it is gzipped, whatever its name.

    Raises:
        DataError: if the file cannot be read, is gzipped and damaged, or has more than `MAX_CONTENT_BYTES`.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            file.seek(0)
            content = _read(gzip.GzipFile(fileobj=file) if packed else file)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {reason_of(error)}") from error
    if len(content) > MAX_CONTENT_BYTES:
        raise DataError(
            f"{path} has more than {MAX_CONTENT_BYTES:,} bytes (uncompressed), more than any of these files"
        )
    return content


def _read(file: IO[bytes] | gzip.GzipFile) -> bytes:
    """All bytes, or a few more than `MAX_CONTENT_BYTES` of them; memory is taken for what is there."""
    content = bytearray()
    while len(content) <= MAX_CONTENT_BYTES and (part := file.read(_CHUNK_BYTES)):
        content += part
    return bytes(content)


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
