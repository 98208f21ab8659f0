"""Tables of nanoseconds as bytes: the times that reports, results and measurements carry."""

import numpy as np

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Int64

_INT64 = np.dtype("<i8")


def hop_times_to_bytes(times_ns: Int64) -> bytes:
    """Encode (rows, hops) nanoseconds as little-endian int64, row by row."""
    return times_ns.astype(_INT64).tobytes()


def hop_times_from_bytes(data: bytes, hops: int) -> Int64:
    """Decode (rows, hops) int64 nanoseconds.

    Raises:
        ProtocolError: these are not whole rows.
    """
    rows, rest = divmod(len(data), hops * _INT64.itemsize) if hops else (0, len(data))
    if rest:
        raise ProtocolError(f"{len(data)} bytes of hop times: expected a multiple of {hops} int64")
    return np.frombuffer(data, dtype=_INT64).reshape(rows, hops)
