"""The IDX format of MNIST and its relatives: a magic number, sizes, elements [LeCun's MNIST page].

offset 0: two zero bytes, the element type, the number of dimensions n
offset 4: n sizes, unsigned 32-bit big-endian
then:     the elements, last dimension fastest
"""

import math
import struct

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import DataError

_UINT8 = 0x08
MAX_DIMENSIONS = 4  # samples, height, width, channels


def parse_idx(content: bytes, source: str) -> NDArray[np.uint8]:
    """The array in the uncompressed content of an IDX file of unsigned bytes.

    Args:
        content: the whole file, header included.
        source: where the content came from, for the error message.

    Returns:
        uint8 array of one to four dimensions, writable.

    Raises:
        DataError: if the content is not exactly one such array.
    """
    shape = parse_header(content, source)
    elements = memoryview(content)[4 + 4 * len(shape) :]
    if len(elements) != math.prod(shape):
        raise DataError(f"{source}: {len(elements)} bytes of elements where the sizes {shape} need {math.prod(shape)}")
    # A copy, because torch warns about arrays of immutable bytes.
    return np.frombuffer(elements, dtype=np.uint8).reshape(shape).copy()


def parse_header(content: bytes, source: str) -> tuple[int, ...]:
    """The sizes in the header that some content begins with; arguments and errors as for `parse_idx`."""
    if len(content) < 4 or content[:2] != b"\x00\x00":
        raise DataError(f"{source} is not an IDX file: it starts with the bytes '{content[:4].hex(' ')}'")
    element_type, dimensions = content[2], content[3]
    if element_type != _UINT8:
        raise DataError(f"{source}: IDX element type 0x{element_type:02x}, expected 0x08 (unsigned byte)")
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise DataError(f"{source}: {dimensions} IDX dimensions, expected 1 to {MAX_DIMENSIONS}")
    if len(content) < 4 + 4 * dimensions:
        raise DataError(f"{source}: ends within the header of {dimensions} sizes")
    shape = struct.unpack_from(f">{dimensions}I", content, offset=4)
    if 0 in shape:
        raise DataError(f"{source}: the sizes {shape} hold no elements")
    return shape
