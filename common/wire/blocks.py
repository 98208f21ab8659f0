"""SymbolBlock: sample ids and level indices, or real symbols. Payload bytes are little-endian."""

import numpy as np

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.arrays import Float32, Int64
from splitwave.common.protocol.blocks import (
    BlockKey,
    LevelPayload,
    Payload,
    RealPayload,
    SilentPayload,
    SymbolBlock,
)
from splitwave.common.protocol.packing import pack, packed_size, unpack
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.wire.fields import beta_from_proto, key_from_proto, key_to_proto
from splitwave.common.wire.link_forms import (
    bits_from_proto,
    check_form,
    form_to_proto,
    measured_psnr_from_proto,
    modulation_from_proto,
)
from splitwave.common.wire.live_channel import live_channel_from_proto, live_channel_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.reals import FLOAT32, reals_from_proto, reals_to_proto

_UINT32 = np.dtype("<u4")
_HIGHEST_ID = (1 << 32) - 1


def block_to_proto(block: SymbolBlock, contract: LinkContract, message: pb.SymbolBlock) -> None:
    """Encode a block into `message`: consecutive sample ids as their first, level indices packed."""
    message.link, message.sequence = block.link, block.sequence
    key_to_proto(block.key, message.key)
    ids = block.sample_ids
    message.samples, message.dimension = len(ids), contract.dimension
    message.model = block.model
    if block.beta is not None:
        message.beta = block.beta
    if block.channel is not None:
        message.channel.CopyFrom(live_channel_to_proto(block.channel))
    form_to_proto(block, message)
    if len(ids) == 1 or np.array_equal(ids, np.arange(ids[0], ids[0] + len(ids))):
        message.first_sample_id = int(ids[0])
    else:
        message.sample_ids = ids.astype(_UINT32).tobytes()
    if isinstance(block.payload, RealPayload):
        reals_to_proto(block.payload.values, block.payload.dtype, message.reals)
    elif isinstance(block.payload, LevelPayload):
        _levels_to_proto(block.payload, block.bits or contract.bits, message.levels)


def block_from_proto(message: pb.SymbolBlock, contract: LinkContract) -> SymbolBlock:
    """Decode a block.

    Raises:
        ProtocolError: sizes, ids, bytes or values do not fit the link's contract.
    """
    if message.dimension != contract.dimension:
        raise _other_dimension(message, contract)
    if not 1 <= message.samples <= contract.max_samples:
        raise ProtocolError(f"{message.samples} samples in a block: expected 1 to {contract.max_samples}")
    key = key_from_proto(message.key)
    check_form(message, key, contract)
    bits = bits_from_proto(message.bits, contract.bits) if message.HasField("bits") else None
    payload = _payload(message, bits, contract)
    return SymbolBlock(
        link=message.link,
        sequence=message.sequence,
        key=key,
        sample_ids=_sample_ids(message),
        payload=payload,
        beta=_beta(message, key, contract),
        model=message.model,
        channel=live_channel_from_proto(message.channel) if message.HasField("channel") else None,
        bits=bits,
        modulation=modulation_from_proto(message.modulation),
        measured_psnr_db=measured_psnr_from_proto(message),
    )


def _other_dimension(message: pb.SymbolBlock, contract: LinkContract) -> ProtocolError:
    if contract.inputs and message.dimension == contract.dimension - contract.inputs:
        return ProtocolError(
            f"link {contract.link} sent {message.dimension} symbols a sample without the state of its channel, which "
            "channel.receiver.inputs = true makes an input of the base station: connect the device through a channel "
            "emulator",
            Refusal.FAILED_PRECONDITION,
        )
    return ProtocolError(f"{message.dimension} symbols a sample: expected {contract.dimension}")


def _payload(message: pb.SymbolBlock, bits: int | None, contract: LinkContract) -> Payload:
    match message.WhichOneof("symbols"):
        case "reals":
            dtype = contract.wire_dtype
            return RealPayload(reals_from_proto(message.reals, message.samples, contract.dimension, dtype), dtype)
        case "levels":
            return _levels_from_proto(message.levels, message.samples, bits, contract)
        case None if message.silent:
            return SilentPayload()
        case None:
            raise ProtocolError("a block without symbols")


def _levels_to_proto(payload: LevelPayload, bits: int, message: pb.LevelSymbols) -> None:
    message.packed = pack(payload.indices, bits)
    message.codebook_version = payload.codebook_version
    if payload.codebook is not None:
        message.codebook = payload.codebook.astype(FLOAT32).tobytes()


def _levels_from_proto(
    message: pb.LevelSymbols, samples: int, bits: int | None, contract: LinkContract
) -> LevelPayload:
    if contract.breakpoints == 0:
        raise ProtocolError("level indices came over a link without a quantizer (T = 0)")
    count, width = samples * contract.dimension, bits or contract.bits
    expected = packed_size(count, width)
    if len(message.packed) != expected:
        raise ProtocolError(
            f"{len(message.packed)} bytes of packed levels: expected {expected} for "
            f"{samples} × {contract.dimension} symbols of {width} bits"
        )
    indices = unpack(message.packed, count, width).reshape(samples, contract.dimension)
    codebook = _codebook_from_proto(message.codebook, contract.levels(bits), merged=width < contract.bits)
    return LevelPayload(indices, message.codebook_version, codebook)


def _codebook_from_proto(data: bytes, levels: int, *, merged: bool) -> Float32 | None:
    if not data:
        return None
    if len(data) != levels * FLOAT32.itemsize:
        raise ProtocolError(f"{len(data)} bytes of codebook: expected {levels} float32 levels")
    codebook = np.frombuffer(data, dtype=FLOAT32)
    ends = (codebook[0], codebook[-1])
    within = ends[0] >= -1 and ends[1] <= 1 if merged else ends == (-1, 1)
    if not (within and (codebook[1:] >= codebook[:-1]).all()):  # NaN fails, too
        raise ProtocolError(f"a codebook's levels must ascend {'within' if merged else 'from'} -1 to 1")
    return codebook


def _beta(message: pb.SymbolBlock, key: BlockKey, contract: LinkContract) -> float | None:
    due = contract.carries_beta and key.phase.is_of_queries
    if message.HasField("beta") != due:
        carried = f"β = {message.beta}" if message.HasField("beta") else "no β"
        expected = "the β of its encoder" if due else "none: only queries of β-conditioned networks have one"
        raise ProtocolError(f"{key} carries {carried}: expected {expected}")
    return beta_from_proto(message.beta) if due else None


def _sample_ids(message: pb.SymbolBlock) -> Int64:
    if message.WhichOneof("ids") == "first_sample_id":
        if message.first_sample_id > _HIGHEST_ID:
            raise ProtocolError(f"sample id {message.first_sample_id} does not fit 32 bits")
        return np.arange(message.first_sample_id, message.first_sample_id + message.samples, dtype=np.int64)
    expected = message.samples * _UINT32.itemsize
    if len(message.sample_ids) != expected:
        raise ProtocolError(f"{len(message.sample_ids)} bytes of sample ids: expected {expected}")
    return np.frombuffer(message.sample_ids, dtype=_UINT32).astype(np.int64)
