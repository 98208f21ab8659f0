"""Whole uplink and downlink messages to protobuf and back; blocks and gradients are in `wire.blocks`."""

import math

import numpy as np

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_BREAKPOINTS
from splitwave.common.protocol import messages as m
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.protocol.workload import Workload, check_workload
from splitwave.common.wire.answers import answers_from_proto, write_answers
from splitwave.common.wire.blocks import (
    beta_from_proto,
    block_from_proto,
    gradient_from_proto,
    key_from_proto,
    phase_from_proto,
    symbols_from_proto,
    write_block,
    write_gradient,
    write_key,
)
from splitwave.common.wire.pb import uplink_pb2 as pb

_INT64 = np.dtype("<i8")
_MOST_BITS = math.log2(MAX_BREAKPOINTS + 1) + 1e-9
"""Entropy of the finest symbols with all levels alike, and room for rounding."""
_MOST_NS = int(np.iinfo(_INT64).max)
"""Of a time stamp: stamps are reported as int64."""


def hop_times_from_bytes(data: bytes, hops: int) -> m.Int64:
    """Decode (rows, hops) little-endian int64 nanoseconds."""
    rows, rest = divmod(len(data), hops * _INT64.itemsize) if hops else (0, len(data))
    if rest:
        raise ProtocolError(f"{len(data)} bytes of hop times: expected a multiple of {hops} int64")
    return np.frombuffer(data, dtype=_INT64).reshape(rows, hops)


def hop_times_to_bytes(times_ns: m.Int64) -> bytes:
    """Encode (rows, hops) int64 nanoseconds."""
    return times_ns.astype(_INT64).tobytes()


def workload_to_proto(workload: Workload) -> pb.Workload:
    """Encode a workload."""
    return pb.Workload(
        queries=workload.queries,
        samples=workload.samples,
        window=workload.window,
        rate_per_s=workload.rate_per_s,
        seed=workload.seed,
    )


def workload_from_proto(message: pb.Workload) -> Workload:
    """Decode a workload.

    Raises:
        ProtocolError: a value is out of its range.
    """
    workload = Workload(message.queries, message.samples, message.window, message.rate_per_s, message.seed)
    check_workload(workload)
    return workload


def uplink_to_proto(body: m.Uplink, contract: LinkContract | None = None) -> pb.UplinkMessage:
    """Encode a message of a device; blocks need the link's contract."""
    match body:
        case m.SymbolBlock():
            message = pb.UplinkMessage()
            write_block(message.block, body, _known(contract))
            return message
        case m.Hello():
            hello = pb.Hello(
                protocol_version=body.protocol_version,
                device_id=body.device_id,
                software=body.software,
                link=body.link,
                max_dimension=body.max_dimension,
                host=body.host,
            )
            return pb.UplinkMessage(hello=hello)
        case m.Ready():
            ready = pb.Ready(
                train_samples=body.train_samples,
                test_samples=body.test_samples,
                data_digest=body.data_digest,
            )
            return pb.UplinkMessage(ready=ready)
        case m.EpochReport():
            report = pb.EpochReport(epoch=body.epoch, rate_nats=body.rate_nats)
            return pb.UplinkMessage(epoch_report=report)
        case m.PassReport():
            return pb.UplinkMessage(pass_report=_report_to_proto(body))
        case m.PartSaved():
            return pb.UplinkMessage(part_saved=pb.PartSaved(step=body.step, sha256=body.sha256))
        case m.Leaving():
            return pb.UplinkMessage(leaving=pb.Leaving(reason=body.reason))


def uplink_from_proto(message: pb.UplinkMessage, contract: LinkContract | None = None) -> m.Uplink:
    """Decode a message of a device.

    Raises:
        ProtocolError: if it is empty or anything in it does not fit the contract.
    """
    match message.WhichOneof("body"):
        case "block":
            return block_from_proto(message.block, _known(contract))
        case "hello":
            hello = message.hello
            link = hello.link if hello.HasField("link") else None
            return m.Hello(
                hello.protocol_version, hello.device_id, hello.software, link, hello.max_dimension, hello.host
            )
        case "ready":
            ready = message.ready
            return m.Ready(ready.train_samples, ready.test_samples, ready.data_digest)
        case "epoch_report":
            return _epoch_report_from_proto(message.epoch_report)
        case "pass_report":
            return _report_from_proto(message.pass_report)
        case "part_saved":
            return m.PartSaved(message.part_saved.step, message.part_saved.sha256)
        case "leaving":
            return m.Leaving(message.leaving.reason)
        case None:
            raise ProtocolError("an uplink message without a body")


def downlink_to_proto(body: m.Downlink) -> pb.DownlinkMessage:
    """Encode a message to a device."""
    match body:
        case m.Gradient():
            message = pb.DownlinkMessage()
            write_gradient(message.gradient, body)
            return message
        case m.TrainStep():
            return pb.DownlinkMessage(train_step=pb.TrainStep(step=body.step))
        case m.Prediction():
            message = pb.DownlinkMessage()
            _write_prediction(message.prediction, body)
            return message
        case m.Welcome():
            welcome = pb.Welcome(
                protocol_version=body.protocol_version,
                run_id=body.run_id,
                link=body.link,
                settings_json=body.settings_json,
                restore_sha256=body.restore_sha256 or "",
            )
            return pb.DownlinkMessage(welcome=welcome)
        case m.Evaluate():
            evaluate = pb.Evaluate(
                phase=pb.Phase.ValueType(body.phase),
                step=body.step,
                symbols=pb.Symbols.ValueType(body.symbols),
                workload=None if body.workload is None else workload_to_proto(body.workload),
            )
            return pb.DownlinkMessage(evaluate=evaluate)
        case m.SaveCheckpoint():
            return pb.DownlinkMessage(save_checkpoint=pb.SaveCheckpoint(step=body.step))
        case m.Finish():
            return pb.DownlinkMessage(finish=pb.Finish())
        case m.SetBeta():
            return pb.DownlinkMessage(set_beta=pb.SetBeta(beta=body.beta))


def downlink_from_proto(message: pb.DownlinkMessage, contract: LinkContract | None = None) -> m.Downlink:
    """Decode a message to a device.

    Raises:
        ProtocolError: if it is empty or anything in it does not fit the contract.
    """
    match message.WhichOneof("body"):
        case "gradient":
            return gradient_from_proto(message.gradient, _known(contract))
        case "train_step":
            return m.TrainStep(message.train_step.step)
        case "prediction":
            return _prediction_from_proto(message.prediction, _known(contract))
        case "welcome":
            welcome = message.welcome
            return m.Welcome(
                welcome.protocol_version,
                welcome.run_id,
                welcome.link,
                welcome.settings_json,
                welcome.restore_sha256 or None,
            )
        case "evaluate":
            return _evaluate_from_proto(message.evaluate)
        case "save_checkpoint":
            return m.SaveCheckpoint(message.save_checkpoint.step)
        case "finish":
            return m.Finish()
        case "set_beta":
            return m.SetBeta(beta_from_proto(message.set_beta.beta))
        case None:
            raise ProtocolError("a downlink message without a body")


def _known(contract: LinkContract | None) -> LinkContract:
    if contract is None:
        raise ProtocolError("symbols came before the handshake was over")
    return contract


def _epoch_report_from_proto(message: pb.EpochReport) -> m.EpochReport:
    if not math.isfinite(message.rate_nats):
        raise ProtocolError(f"the report of epoch {message.epoch} has the rate {message.rate_nats}: expected a number")
    return m.EpochReport(message.epoch, message.rate_nats)


def _report_to_proto(report: m.PassReport) -> pb.PassReport:
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


def _report_from_proto(message: pb.PassReport) -> m.PassReport:
    return m.PassReport(
        phase=phase_from_proto(message.phase),
        symbols=symbols_from_proto(message.symbols),
        cost=m.UplinkCost(message.samples, message.packed_bytes, message.message_bytes),
        hops=tuple(message.hops),
        hop_times_ns=hop_times_from_bytes(message.hop_times_ns, len(message.hops)),
        entropies=tuple(_entropy_from_proto(each) for each in message.entropies),
    )


def _entropy_from_proto(message: pb.SymbolEntropy) -> m.SymbolEntropy:
    bits = message.bits if message.HasField("bits") else None
    if bits is not None and not 0 <= bits <= _MOST_BITS:
        raise ProtocolError(f"a symbol entropy of {bits} bits: expected 0 to {_MOST_BITS:g}")
    return m.SymbolEntropy(beta_from_proto(message.beta), message.samples, bits)


def _write_prediction(message: pb.Prediction, prediction: m.Prediction) -> None:
    write_key(message.key, prediction.key)
    for hop in prediction.hops:
        message.hops.add(name=hop.name, duration_ns=hop.duration_ns)
    if prediction.stamps is not None:
        _write_stamps(message.stamps, prediction.stamps)
    write_answers(message, prediction.answers)


def _prediction_from_proto(message: pb.Prediction, contract: LinkContract) -> m.Prediction:
    key = key_from_proto(message.key)
    if message.HasField("stamps") != (key.phase is m.Phase.LOAD):
        carried = "time stamps" if message.HasField("stamps") else "no time stamps"
        raise ProtocolError(f"an answer to {key} with {carried}: those of load passes have them, others none")
    hops = tuple(m.Hop(hop.name, hop.duration_ns) for hop in message.hops)
    stamps = _stamps_from_proto(message.stamps) if message.HasField("stamps") else None
    return m.Prediction(key, answers_from_proto(message, contract), hops, stamps)


def _evaluate_from_proto(message: pb.Evaluate) -> m.Evaluate:
    phase, symbols = phase_from_proto(message.phase), symbols_from_proto(message.symbols)
    if message.HasField("workload") != (phase is m.Phase.LOAD):
        carried = "a workload" if message.HasField("workload") else "no workload"
        raise ProtocolError(f"a {phase.name.lower()} pass with {carried}: load passes have one, others none")
    workload = workload_from_proto(message.workload) if message.HasField("workload") else None
    return m.Evaluate(phase, message.step, symbols, workload)


def _write_stamps(message: pb.Stamps, stamps: m.Stamps) -> None:
    message.arrived_ns, message.fused_ns = stamps.arrived_ns, stamps.fused_ns
    message.decoding_ns, message.decoded_ns = stamps.decoding_ns, stamps.decoded_ns
    if (channel := stamps.channel) is not None:
        message.channel.in_ns, message.channel.out_ns = channel.in_ns, channel.out_ns
        message.channel.back_ns, message.channel.down_ns = channel.back_ns, channel.down_ns


def _stamps_from_proto(message: pb.Stamps) -> m.Stamps:
    of = message.channel
    own = (message.arrived_ns, message.fused_ns, message.decoding_ns, message.decoded_ns)
    channels = (of.in_ns, of.out_ns, of.back_ns, of.down_ns)
    if (latest := max(own + channels)) > _MOST_NS:
        raise ProtocolError(f"a time stamp of {latest} ns: expected at most {_MOST_NS}")
    return m.Stamps(*own, m.ChannelStamps(*channels) if message.HasField("channel") else None)
