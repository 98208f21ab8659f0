"""Whole messages of a device, each of which has one body. The functions for a body are in the module of its subject.

Everything that a peer sends is checked while it is decoded. A body that carries arrays is encoded into its place in the
whole message, because protobuf copies all bytes of a message that is put into another.
"""

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.live_messages import ModelReady
from splitwave.common.protocol.messages import Hello, Leaving, PartSaved, Ready, Uplink
from splitwave.common.protocol.reports import EpochReport, PassReport
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.wire import handshake, live, passes, training
from splitwave.common.wire.blocks import block_from_proto, block_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb


def uplink_to_proto(body: Uplink, contract: LinkContract | None = None) -> pb.UplinkMessage:
    """Encode a message of a device; blocks need the link's contract."""
    match body:
        case SymbolBlock():
            message = pb.UplinkMessage()
            block_to_proto(body, handshake.agreed(contract), message.block)
            return message
        case Hello():
            return pb.UplinkMessage(hello=handshake.hello_to_proto(body))
        case Ready():
            return pb.UplinkMessage(ready=handshake.ready_to_proto(body))
        case EpochReport():
            return pb.UplinkMessage(epoch_report=training.epoch_report_to_proto(body))
        case PassReport():
            return pb.UplinkMessage(pass_report=passes.pass_report_to_proto(body))
        case PartSaved():
            return pb.UplinkMessage(part_saved=training.part_saved_to_proto(body))
        case ModelReady():
            return pb.UplinkMessage(model_ready=live.model_ready_to_proto(body))
        case Leaving():
            return pb.UplinkMessage(leaving=handshake.leaving_to_proto(body))


def uplink_from_proto(message: pb.UplinkMessage, contract: LinkContract | None = None) -> Uplink:
    """Decode a message of a device.

    Raises:
        ProtocolError: the message is empty, or anything in it does not fit the contract.
    """
    match message.WhichOneof("body"):
        case "block":
            return block_from_proto(message.block, handshake.agreed(contract))
        case "hello":
            return handshake.hello_from_proto(message.hello)
        case "ready":
            return handshake.ready_from_proto(message.ready)
        case "epoch_report":
            return training.epoch_report_from_proto(message.epoch_report)
        case "pass_report":
            return passes.pass_report_from_proto(message.pass_report)
        case "part_saved":
            return training.part_saved_from_proto(message.part_saved)
        case "model_ready":
            return live.model_ready_from_proto(message.model_ready)
        case "leaving":
            return handshake.leaving_from_proto(message.leaving)
        case None:
            raise ProtocolError("an uplink message without a body")
