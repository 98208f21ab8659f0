"""Prediction: the answers to a block, and the times of a query on its way. Payload bytes are little-endian."""

import numpy as np

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.messages import Prediction
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.symbols import LinkContract
from splitwave.common.protocol.timing import ChannelStamps, Hop, Stamps
from splitwave.common.wire.answers import answers_from_proto, answers_to_proto
from splitwave.common.wire.fields import key_from_proto, key_to_proto
from splitwave.common.wire.pb import uplink_pb2 as pb

_MOST_NS = int(np.iinfo(np.int64).max)
"""The latest time stamp: stamps are reported as int64."""


def prediction_to_proto(prediction: Prediction, message: pb.Prediction) -> None:
    """Encode a block's answers into `message`."""
    key_to_proto(prediction.key, message.key)
    for hop in prediction.hops:
        message.hops.add(name=hop.name, duration_ns=hop.duration_ns)
    if prediction.stamps is not None:
        stamps_to_proto(prediction.stamps, message.stamps)
    if prediction.links:
        message.links = links_mask(prediction.links)
    answers_to_proto(prediction.answers, message)


def prediction_from_proto(message: pb.Prediction, contract: LinkContract) -> Prediction:
    """Decode a block's answers, whose number only the block itself determines.

    Raises:
        ProtocolError: answers that `answers_from_proto` refuses; time stamps missing for a load pass, or present for
            another; links that the run does not have.
    """
    key, has_stamps = key_from_proto(message.key), message.HasField("stamps")
    if has_stamps != (key.phase is Phase.LOAD):
        carried = "time stamps" if has_stamps else "no time stamps"
        raise ProtocolError(f"an answer to {key} with {carried}: those of load passes have them, others none")
    hops = tuple(Hop(hop.name, hop.duration_ns) for hop in message.hops)
    stamps = stamps_from_proto(message.stamps) if has_stamps else None
    return Prediction(key, answers_from_proto(message, contract), hops, stamps, links_from_mask(message, contract))


def links_mask(links: tuple[int, ...]) -> int:
    """Encode a set of links: bit k for link k."""
    return sum(1 << link for link in links)


def links_from_mask(message: pb.Prediction, contract: LinkContract) -> tuple[int, ...]:
    """Decode the links of a prediction, ascending.

    Raises:
        ProtocolError: the run does not have one of them.
    """
    if message.links.bit_length() > contract.links:
        raise ProtocolError(
            f"an answer from link {message.links.bit_length() - 1}: the run has links 0 to {contract.links - 1}"
        )
    return tuple(link for link in range(message.links.bit_length()) if message.links >> link & 1)


def stamps_to_proto(stamps: Stamps, message: pb.Stamps) -> None:
    """Encode the time stamps of a query into `message`."""
    message.arrived_ns, message.fused_ns = stamps.arrived_ns, stamps.fused_ns
    message.decoding_ns, message.decoded_ns = stamps.decoding_ns, stamps.decoded_ns
    if (channel := stamps.channel) is not None:
        message.channel.in_ns, message.channel.out_ns = channel.in_ns, channel.out_ns
        message.channel.back_ns, message.channel.down_ns = channel.back_ns, channel.down_ns


def stamps_from_proto(message: pb.Stamps) -> Stamps:
    """Decode the time stamps of a query.

    Raises:
        ProtocolError: one does not fit 63 bits.
    """
    channel = message.channel
    station_ns = (message.arrived_ns, message.fused_ns, message.decoding_ns, message.decoded_ns)
    channel_ns = (channel.in_ns, channel.out_ns, channel.back_ns, channel.down_ns)
    if (latest := max(station_ns + channel_ns)) > _MOST_NS:
        raise ProtocolError(f"a time stamp of {latest} ns: expected at most {_MOST_NS}")
    return Stamps(*station_ns, ChannelStamps(*channel_ns) if message.HasField("channel") else None)
