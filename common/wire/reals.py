"""Arrays of real symbols: soft symbols on the way up, received symbols behind the channel, gradients on the way down.

Payload bytes are little-endian.
"""

import numpy as np

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.wire.pb import uplink_pb2 as pb

FLOAT32 = np.dtype("<f4")
_DTYPES = {pb.DTYPE_FLOAT32: FLOAT32}


def reals_to_proto(values: Float32, message: pb.RealSymbols) -> None:
    """Encode (L, B, d) real symbols into `message`."""
    message.dtype, message.draws = pb.DTYPE_FLOAT32, values.shape[0]
    message.data = np.ascontiguousarray(values, dtype=FLOAT32).tobytes()


def reals_from_proto(message: pb.RealSymbols, samples: int, dimension: int) -> Float32:
    """Decode (L, B, d) real symbols, read-only, without a copy.

    Raises:
        ProtocolError: unknown dtype, wrong byte count, or a value that is not finite.
    """
    dtype = _DTYPES.get(message.dtype)
    if dtype is None:
        raise ProtocolError(f"unknown dtype {message.dtype}: expected one of {sorted(_DTYPES)}")
    expected = message.draws * samples * dimension * dtype.itemsize
    if len(message.data) != expected or message.draws == 0:
        raise ProtocolError(
            f"{len(message.data)} bytes of real symbols: expected {expected} for "
            f"{message.draws} × {samples} × {dimension} float32"
        )
    values = np.frombuffer(message.data, dtype=dtype).reshape(message.draws, samples, dimension)
    if not np.isfinite(values).all():
        raise ProtocolError(f"{np.count_nonzero(~np.isfinite(values))} symbols are not finite")
    return values
