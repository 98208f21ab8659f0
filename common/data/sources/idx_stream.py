"""Reads an IDX file of any size in no more memory than its header says, however much a gzip file unpacks to."""

import gzip
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from splitwave.common.data.idx import MAX_DIMENSIONS, parse_header
from splitwave.common.data.sources.source import array_bytes, check_bytes
from splitwave.common.errors import DataError
from splitwave.common.files.denied import reason_of

_GZIP_MAGIC = b"\x1f\x8b"
_START_BYTES = 4
_CHUNK_BYTES = 1 << 20


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of an IDX file of unsigned bytes, gzipped or not.

    Raises:
        DataError: the file cannot be read, is damaged, or does not hold exactly one such array; it is larger than
            `MAX_ARRAY_BYTES`.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP_MAGIC
            file.seek(0)
            return _read(gzip.GzipFile(fileobj=file) if packed else file, str(path))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {reason_of(error)}") from error


def _read(file: IO[bytes] | gzip.GzipFile, source: str) -> NDArray[np.uint8]:
    head = file.read(_START_BYTES)
    dimensions = head[-1] if len(head) == _START_BYTES and head[-1] <= MAX_DIMENSIONS else 0
    shape = parse_header(head + file.read(4 * dimensions), source)
    check_bytes(array_bytes(shape, np.dtype(np.uint8)), f"{source}: the sizes {shape}")
    content = bytearray()
    expected = array_bytes(shape, np.dtype(np.uint8))
    while len(content) < expected and (part := file.read(min(_CHUNK_BYTES, expected - len(content)))):
        content += part
    if len(content) < expected:
        raise DataError(f"{source}: {len(content)} bytes of elements where the sizes {shape} need {expected}")
    if file.read(1):
        raise DataError(f"{source}: more bytes of elements than the {expected} of the sizes {shape}")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)
