"""Passes over evaluation data and queries: Evaluate and SetLink down, PassReport up. Answers are in `predictions`."""

import math

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_BREAKPOINTS
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.messages import Evaluate, SetLink
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.reports import PassReport, SymbolEntropy, UplinkCost
from splitwave.common.wire.fields import beta_from_proto, phase_from_proto, symbols_from_proto
from splitwave.common.wire.hop_times import hop_times_from_bytes, hop_times_to_bytes
from splitwave.common.wire.link_forms import bits_from_proto, modulation_from_proto, modulation_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb
from splitwave.common.wire.workload import workload_from_proto, workload_to_proto

_MOST_BITS = math.log2(MAX_BREAKPOINTS + 1) + 1e-9
"""The highest possible entropy, of 256 equally frequent levels, with a margin for rounding."""


def evaluate_to_proto(evaluate: Evaluate) -> pb.Evaluate:
    """Encode the beginning of a pass."""
    return pb.Evaluate(
        phase=pb.Phase.ValueType(evaluate.phase),
        step=evaluate.step,
        symbols=pb.Symbols.ValueType(evaluate.symbols),
        workload=None if evaluate.workload is None else workload_to_proto(evaluate.workload),
    )


def evaluate_from_proto(message: pb.Evaluate) -> Evaluate:
    """Decode the beginning of a pass.

    Raises:
        ProtocolError: an unknown phase or kind of symbols, a load pass without a workload, or another pass with one.
    """
    phase, symbols = phase_from_proto(message.phase), symbols_from_proto(message.symbols)
    if message.HasField("workload") != (phase is Phase.LOAD):
        carried = "a workload" if message.HasField("workload") else "no workload"
        raise ProtocolError(f"a {phase.name.lower()} pass with {carried}: load passes have one, others none")
    workload = workload_from_proto(message.workload) if message.HasField("workload") else None
    return Evaluate(phase, message.step, symbols, workload)


def set_link_to_proto(set_link: SetLink) -> pb.SetLink:
    """Encode how a link is to send."""
    setting = set_link.setting
    return pb.SetLink(
        beta=setting.beta,
        bits=setting.bits,
        modulation=modulation_to_proto(setting.modulation),
        silent=not setting.sends,
    )


def set_link_from_proto(message: pb.SetLink) -> SetLink:
    """Decode how a link is to send.

    Raises:
        ProtocolError: β is not finite, or not above 0, or bits or modulation are none that a link can have.
    """
    return SetLink(
        LinkSetting(
            beta=beta_from_proto(message.beta) if message.HasField("beta") else None,
            bits=bits_from_proto(message.bits) if message.HasField("bits") else None,
            modulation=modulation_from_proto(message.modulation),
            sends=not message.silent,
        )
    )


def pass_report_to_proto(report: PassReport) -> pb.PassReport:
    """Encode a device's report of a pass."""
    return pb.PassReport(
        phase=pb.Phase.ValueType(report.phase),
        symbols=pb.Symbols.ValueType(report.symbols),
        samples=report.cost.samples,
        packed_bytes=report.cost.packed_bytes,
        message_bytes=report.cost.message_bytes,
        hops=report.hops,
        hop_times_ns=hop_times_to_bytes(report.hop_times_ns),
        entropies=[pb.SymbolEntropy(beta=each.beta, samples=each.samples, bits=each.bits) for each in report.entropies],
    )


def pass_report_from_proto(message: pb.PassReport) -> PassReport:
    """Decode a device's report of a pass.

    Raises:
        ProtocolError: an unknown phase or kind of symbols, hop times that are not whole rows, or an entropy that no
            symbols have.
    """
    return PassReport(
        phase=phase_from_proto(message.phase),
        symbols=symbols_from_proto(message.symbols),
        cost=UplinkCost(message.samples, message.packed_bytes, message.message_bytes),
        hops=tuple(message.hops),
        hop_times_ns=hop_times_from_bytes(message.hop_times_ns, len(message.hops)),
        entropies=tuple(_entropy_from_proto(each) for each in message.entropies),
    )


def _entropy_from_proto(message: pb.SymbolEntropy) -> SymbolEntropy:
    bits = message.bits if message.HasField("bits") else None
    if bits is not None and not 0 <= bits <= _MOST_BITS:
        raise ProtocolError(f"a symbol entropy of {bits} bits: expected 0 to {_MOST_BITS:g}")
    return SymbolEntropy(beta_from_proto(message.beta), message.samples, bits)
