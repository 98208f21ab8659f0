"""The forms that links send in: in SetLink, and in the blocks of adapted links."""

import math

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey, SilentPayload, SymbolBlock
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.wire.pb import uplink_pb2 as pb

MODULATIONS = {
    "bpsk": pb.MODULATION_BPSK,
    "qpsk": pb.MODULATION_QPSK,
    "16-qam": pb.MODULATION_16_QAM,
}
"""By the name in `channel.digital.modulation`."""

_NAMES: dict[int, str] = {number: name for name, number in MODULATIONS.items()}
_MOST_BITS = 8


def modulation_to_proto(name: str | None) -> pb.Modulation.ValueType:
    """Encode a modulation; None for that of the run's settings."""
    return pb.MODULATION_UNSPECIFIED if name is None else MODULATIONS[name]


def modulation_from_proto(number: int) -> str | None:
    """Decode a modulation.

    Raises:
        ProtocolError: an unknown one.
    """
    if number == pb.MODULATION_UNSPECIFIED:
        return None
    if number not in _NAMES:
        raise ProtocolError(f"modulation {number}: expected one of {sorted(_NAMES)}")
    return _NAMES[number]


def bits_from_proto(bits: int, most: int = _MOST_BITS) -> int:
    """Decode the number of bits of a level.

    Raises:
        ProtocolError: it is not from 1 to `most`.
    """
    if not 1 <= bits <= most:
        raise ProtocolError(f"{bits} bits a level: expected 1 to {most}")
    return bits


def form_to_proto(block: SymbolBlock, message: pb.SymbolBlock) -> None:
    """Encode how a block was sent, and what was measured of its channel."""
    if block.bits is not None:
        message.bits = block.bits
    message.modulation = modulation_to_proto(block.modulation)
    message.silent = isinstance(block.payload, SilentPayload)
    if block.measured_psnr_db is not None:
        message.measured_psnr_db = block.measured_psnr_db


def check_form(message: pb.SymbolBlock, key: BlockKey, contract: LinkContract) -> None:
    """Refuse a block that says more of how it was sent than the run's links may vary.

    Raises:
        ProtocolError: it does, or a silent block has symbols.
    """
    says = message.HasField("bits") or message.silent or message.modulation != pb.MODULATION_UNSPECIFIED
    if says and not (contract.adapts and key.phase is Phase.SERVE):
        raise ProtocolError(f"{key} says how it was sent: only serving blocks of adapted links do")
    if message.silent and message.WhichOneof("symbols") is not None:
        raise ProtocolError(f"{key} is silent and has symbols: expected none")


def measured_psnr_from_proto(message: pb.SymbolBlock) -> float | None:
    """The measured PSNR of a block, if it has one.

    Raises:
        ProtocolError: it is not a finite number.
    """
    if not message.HasField("measured_psnr_db"):
        return None
    if not math.isfinite(message.measured_psnr_db):
        raise ProtocolError(f"a measured PSNR of {message.measured_psnr_db} dB: expected a finite number")
    return message.measured_psnr_db
