"""Blocks and gradients to protobuf and back, everything that a peer sends checked before it is used.

Answers are in `splitwave.common.wire.answers`, the small control messages in `splitwave.common.wire.messages`. Payload
bytes are little-endian.
"""

import math

import numpy as np

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol import messages as m
from splitwave.common.protocol.packing import pack, packed_size, unpack
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.wire.pb import uplink_pb2 as pb

_FLOAT32 = np.dtype("<f4")
_UINT32 = np.dtype("<u4")
_DTYPES = {pb.DTYPE_FLOAT32: _FLOAT32}


def write_key(message: pb.BlockKey, key: m.BlockKey) -> None:
    """Encode a block key, in place."""
    message.phase, message.step, message.micro_batch = pb.Phase.ValueType(key.phase), key.step, key.micro_batch


def key_from_proto(message: pb.BlockKey) -> m.BlockKey:
    """Decode a block key."""
    return m.BlockKey(phase_from_proto(message.phase), message.step, message.micro_batch)


def phase_from_proto(phase: int) -> m.Phase:
    """Decode a phase."""
    try:
        return m.Phase(phase)
    except ValueError:
        raise ProtocolError(f"unknown phase {phase}") from None


def symbols_from_proto(symbols: int) -> m.Symbols:
    """Decode the kind of symbols."""
    try:
        return m.Symbols(symbols)
    except ValueError:
        raise ProtocolError(f"unknown kind of symbols {symbols}") from None


def beta_from_proto(beta: float) -> float:
    """Decode a β that networks are told: finite, and positive, for they are told its logarithm."""
    if not (math.isfinite(beta) and beta > 0):
        raise ProtocolError(f"β = {beta}: expected a finite number above 0")
    return beta


def write_reals(message: pb.RealSymbols, values: m.Float32) -> None:
    """Encode (L, B, d) real symbols, in place: protobuf copies a message that is put into another, all its bytes."""
    message.dtype, message.draws = pb.DTYPE_FLOAT32, values.shape[0]
    message.data = np.ascontiguousarray(values, dtype=_FLOAT32).tobytes()


def reals_from_proto(message: pb.RealSymbols, samples: int, dimension: int) -> m.Float32:
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


def write_block(message: pb.SymbolBlock, block: m.SymbolBlock, contract: LinkContract) -> None:
    """Encode a block, in place: consecutive sample ids as their first, level indices packed."""
    message.link, message.sequence = block.link, block.sequence
    write_key(message.key, block.key)
    ids = block.sample_ids
    message.samples, message.dimension = len(ids), contract.dimension
    if block.beta is not None:
        message.beta = block.beta
    if np.array_equal(ids, np.arange(ids[0], ids[0] + len(ids))):
        message.first_sample_id = int(ids[0])
    else:
        message.sample_ids = ids.astype(_UINT32).tobytes()
    if isinstance(block.payload, m.RealPayload):
        write_reals(message.reals, block.payload.values)
    else:
        message.levels.packed = pack(block.payload.indices, contract.bits)
        message.levels.codebook_version = block.payload.codebook_version
        if block.payload.codebook is not None:
            message.levels.codebook = block.payload.codebook.astype(_FLOAT32).tobytes()


def block_from_proto(message: pb.SymbolBlock, contract: LinkContract) -> m.SymbolBlock:
    """Decode a block.

    Raises:
        ProtocolError: sizes, ids, bytes or values that do not fit the link's contract.
    """
    if message.dimension != contract.dimension:
        raise ProtocolError(f"{message.dimension} symbols a sample: expected {contract.dimension}")
    if not 1 <= message.samples <= contract.max_samples:
        raise ProtocolError(f"{message.samples} samples in a block: expected 1 to {contract.max_samples}")
    match message.WhichOneof("symbols"):
        case "reals":
            reals = reals_from_proto(message.reals, message.samples, contract.dimension)
            payload: m.LevelPayload | m.RealPayload = m.RealPayload(reals)
        case "levels":
            payload = _levels_from_proto(message.levels, message.samples, contract)
        case None:
            raise ProtocolError("a block without symbols")
    key = key_from_proto(message.key)
    return m.SymbolBlock(
        link=message.link,
        sequence=message.sequence,
        key=key,
        sample_ids=_sample_ids(message),
        payload=payload,
        beta=_beta(message, key, contract),
    )


def write_gradient(message: pb.Gradient, gradient: m.Gradient) -> None:
    """Encode a gradient, in place."""
    write_key(message.key, gradient.key)
    _, message.samples, message.dimension = gradient.values.shape
    write_reals(message.values, gradient.values)


def gradient_from_proto(message: pb.Gradient, contract: LinkContract) -> m.Gradient:
    """Decode a gradient.

    Raises:
        ProtocolError: as for a block of real symbols.
    """
    if message.dimension != contract.dimension or message.samples > contract.max_samples:
        raise ProtocolError(
            f"a gradient for {message.samples} × {message.dimension} symbols: expected at most "
            f"{contract.max_samples} × {contract.dimension}"
        )
    if message.values.draws not in (1, contract.draws):
        raise ProtocolError(f"a gradient for {message.values.draws} noise draws: expected 1 or {contract.draws}")
    values = reals_from_proto(message.values, message.samples, message.dimension)
    return m.Gradient(key_from_proto(message.key), values)


def _levels_from_proto(message: pb.LevelSymbols, samples: int, contract: LinkContract) -> m.LevelPayload:
    if contract.breakpoints == 0:
        raise ProtocolError("level indices came over a link without a quantizer (T = 0)")
    count = samples * contract.dimension
    expected = packed_size(count, contract.bits)
    if len(message.packed) != expected:
        raise ProtocolError(
            f"{len(message.packed)} bytes of packed levels: expected {expected} for "
            f"{samples} × {contract.dimension} symbols of {contract.bits} bits"
        )
    indices = unpack(message.packed, count, contract.bits).reshape(samples, contract.dimension)
    return m.LevelPayload(indices, message.codebook_version, _codebook_from_proto(message.codebook, contract))


def _codebook_from_proto(data: bytes, contract: LinkContract) -> m.Float32 | None:
    if not data:
        return None
    levels = contract.breakpoints + 1
    if len(data) != levels * _FLOAT32.itemsize:
        raise ProtocolError(f"{len(data)} bytes of codebook: expected {levels} float32 levels")
    codebook = np.frombuffer(data, dtype=_FLOAT32)
    if not (codebook[0] == -1 and codebook[-1] == 1 and (np.diff(codebook) >= 0).all()):  # NaN fails, too
        raise ProtocolError("a codebook's levels must ascend from -1 to 1")
    return codebook


def _beta(message: pb.SymbolBlock, key: m.BlockKey, contract: LinkContract) -> float | None:
    due = contract.carries_beta and key.phase.is_of_queries
    if message.HasField("beta") != due:
        carried = f"β = {message.beta}" if message.HasField("beta") else "no β"
        expected = "that which made it" if due else "none: serving blocks of networks that are told β have one"
        raise ProtocolError(f"{key} carries {carried}: expected {expected}")
    return beta_from_proto(message.beta) if due else None


def _sample_ids(message: pb.SymbolBlock) -> m.Int64:
    if message.WhichOneof("ids") == "first_sample_id":
        if message.first_sample_id > np.iinfo(np.uint32).max:
            raise ProtocolError(f"sample id {message.first_sample_id} does not fit 32 bits")
        return np.arange(message.first_sample_id, message.first_sample_id + message.samples, dtype=np.int64)
    expected = message.samples * _UINT32.itemsize
    if len(message.sample_ids) != expected:
        raise ProtocolError(f"{len(message.sample_ids)} bytes of sample ids: expected {expected}")
    return np.frombuffer(message.sample_ids, dtype=_UINT32).astype(np.int64)
