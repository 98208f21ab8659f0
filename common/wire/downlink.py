"""Whole messages to a device, each of which has one body; built as those in `splitwave.common.wire.uplink`."""

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.live_messages import ModelChunk, QueryAnswer, Reencode, UseModel
from splitwave.common.protocol.messages import (
    Downlink,
    Evaluate,
    Finish,
    Gradient,
    Prediction,
    SaveCheckpoint,
    SetLink,
    TrainStep,
    Welcome,
)
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.wire import handshake, live, passes, predictions, training
from splitwave.common.wire.pb import uplink_pb2 as pb


def downlink_to_proto(body: Downlink) -> pb.DownlinkMessage:
    """Encode a message to a device."""
    match body:
        case Gradient():
            message = pb.DownlinkMessage()
            training.gradient_to_proto(body, message.gradient)
            return message
        case TrainStep():
            return pb.DownlinkMessage(train_step=training.train_step_to_proto(body))
        case Prediction():
            message = pb.DownlinkMessage()
            predictions.prediction_to_proto(body, message.prediction)
            return message
        case Welcome():
            return pb.DownlinkMessage(welcome=handshake.welcome_to_proto(body))
        case Evaluate():
            return pb.DownlinkMessage(evaluate=passes.evaluate_to_proto(body))
        case SaveCheckpoint():
            return pb.DownlinkMessage(save_checkpoint=training.save_checkpoint_to_proto(body))
        case Finish():
            return pb.DownlinkMessage(finish=handshake.finish_to_proto(body))
        case SetLink():
            return pb.DownlinkMessage(set_link=passes.set_link_to_proto(body))
        case QueryAnswer() | ModelChunk() | UseModel() | Reencode():
            return live.downlink_to_proto(body)


def downlink_from_proto(message: pb.DownlinkMessage, contract: LinkContract | None = None) -> Downlink:
    """Decode a message to a device.

    Raises:
        ProtocolError: the message is empty, or anything in it does not fit the contract.
    """
    match message.WhichOneof("body"):
        case "gradient":
            return training.gradient_from_proto(message.gradient, handshake.agreed(contract))
        case "train_step":
            return training.train_step_from_proto(message.train_step)
        case "prediction":
            return predictions.prediction_from_proto(message.prediction, handshake.agreed(contract))
        case "welcome":
            return handshake.welcome_from_proto(message.welcome)
        case "evaluate":
            return passes.evaluate_from_proto(message.evaluate)
        case "save_checkpoint":
            return training.save_checkpoint_from_proto(message.save_checkpoint)
        case "finish":
            return handshake.finish_from_proto(message.finish)
        case "set_link":
            return passes.set_link_from_proto(message.set_link)
        case "answer" | "model_chunk" | "use_model" | "reencode":
            return live.downlink_from_proto(message, contract)
        case None:
            raise ProtocolError("a downlink message without a body")
