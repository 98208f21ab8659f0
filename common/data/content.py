"""The uncompressed content of a data file, and the check that it is the content that was published."""

import gzip
import hashlib
import zlib
from pathlib import Path

from common.errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"


def read_content(path: Path) -> bytes:
    """All bytes of a file, unpacked if it is gzipped; its first two bytes tell, not its name.

    Raises:
        DataError: if the file cannot be read, or is gzipped and damaged.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if content.startswith(_GZIP_MAGIC) else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error


def verified_content(path: Path, sha256: str) -> bytes:
    """All bytes of a file whose uncompressed content is known.

    The hash is not of the file itself: the same content is published in different gzip wrappings.

    Args:
        path: a plain or gzipped file.
        sha256: the expected SHA-256 of the uncompressed content, in hexadecimal.

    Raises:
        DataError: if the file cannot be read or holds anything else.
    """
    content = read_content(path)
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise DataError(f"{path} holds other data: SHA-256 {found} (uncompressed) where {sha256} was expected")
    return content
