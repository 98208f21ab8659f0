"""Arrays of real symbols: soft symbols on the way up, received symbols behind the channel, gradients on the way down.

Payload bytes are little-endian.
"""

import numpy as np

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire_dtype import WIRE_BITS, WireDtype, from_bfloat16, to_bfloat16

FLOAT32 = np.dtype("<f4")
_WORD = np.dtype("<u2")
_NUMBERS: dict[WireDtype, "pb.Dtype.ValueType"] = {"float32": pb.DTYPE_FLOAT32, "bfloat16": pb.DTYPE_BFLOAT16}
_NAMES = {number: name for name, number in _NUMBERS.items()}


def reals_to_proto(values: Float32, dtype: WireDtype, message: pb.RealSymbols) -> None:
    """Encode (L, B, d) real symbols into `message`; without loss if they are rounded to `dtype`."""
    message.dtype, message.draws = _NUMBERS[dtype], values.shape[0]
    if dtype == "float32":
        message.data = np.ascontiguousarray(values, dtype=FLOAT32).tobytes()
    else:
        message.data = to_bfloat16(values).astype(_WORD, copy=False).tobytes()


def reals_from_proto(message: pb.RealSymbols, samples: int, dimension: int, dtype: WireDtype) -> Float32:
    """Decode (L, B, d) real symbols, read-only; float32 without a copy.

    Raises:
        ProtocolError: unknown or another dtype, wrong byte count, or a value that is not finite.
    """
    sent = _NAMES.get(message.dtype)
    if sent is None:
        raise ProtocolError(f"unknown dtype {message.dtype}: expected one of {sorted(_NAMES)}")
    if sent != dtype:
        raise ProtocolError(f"real symbols of dtype {sent}: expected {dtype}, the run's runtime.wire_dtype")
    expected = message.draws * samples * dimension * WIRE_BITS[dtype] // 8
    if len(message.data) != expected or message.draws == 0:
        raise ProtocolError(
            f"{len(message.data)} bytes of real symbols: expected {expected} for "
            f"{message.draws} × {samples} × {dimension} {dtype}"
        )
    values = _values(message.data, dtype).reshape(message.draws, samples, dimension)
    if not np.isfinite(values).all():
        raise ProtocolError(f"{np.count_nonzero(~np.isfinite(values))} symbols are not finite")
    return values


def _values(data: bytes, dtype: WireDtype) -> Float32:
    if dtype == "float32":
        return np.frombuffer(data, dtype=FLOAT32)
    values = from_bfloat16(np.frombuffer(data, dtype=_WORD))
    values.flags.writeable = False
    return values
