"""The fields that several messages share: the block key, the phase, the kind of symbols, β."""

import math

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.wire.pb import uplink_pb2 as pb

_PHASES: dict[int, Phase] = {int(phase): phase for phase in Phase}
"""By number; calling an enumeration takes several times as long, and every message of a block has a phase."""


def key_to_proto(key: BlockKey, message: pb.BlockKey) -> None:
    """Encode a block key into `message`."""
    message.phase, message.step, message.micro_batch = pb.Phase.ValueType(key.phase), key.step, key.micro_batch


def key_from_proto(message: pb.BlockKey) -> BlockKey:
    """Decode a block key.

    Raises:
        ProtocolError: the phase is unknown.
    """
    return BlockKey(phase_from_proto(message.phase), message.step, message.micro_batch)


def phase_from_proto(phase: int) -> Phase:
    """Decode a phase.

    Raises:
        ProtocolError: the number is unknown.
    """
    known = _PHASES.get(phase)
    if known is None:
        raise ProtocolError(f"unknown phase {phase}")
    return known


def symbols_from_proto(symbols: int) -> Symbols:
    """Decode the kind of symbols.

    Raises:
        ProtocolError: the number is unknown.
    """
    try:
        return Symbols(symbols)
    except ValueError:
        raise ProtocolError(f"unknown kind of symbols {symbols}") from None


def beta_from_proto(beta: float) -> float:
    """Decode a β for β-conditioned networks, whose input is its logarithm.

    Raises:
        ProtocolError: β is not finite, or not above 0.
    """
    if not (math.isfinite(beta) and beta > 0):
        raise ProtocolError(f"β = {beta}: expected a finite number above 0")
    return beta
