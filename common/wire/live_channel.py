"""The state of a link under live control, which blocks and the emulator's control service carry."""

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.live_channel import VALUE_NAMES, ChannelValues, LiveChannel
from splitwave.common.wire.pb import uplink_pb2 as pb

LARGEST_BYTES = 80
"""Bound of the bytes that the state adds to a block: six doubles, a version, and their tags."""


def values_to_proto(values: ChannelValues) -> pb.ChannelValues:
    """Encode the values of a link."""
    return pb.ChannelValues(**values.given)


def values_from_proto(message: pb.ChannelValues) -> ChannelValues:
    """Decode the values of a link.

    Raises:
        ProtocolError: one is outside of its range.
    """
    given = {field.name: value for field, value in message.ListFields() if field.name in VALUE_NAMES}
    try:
        return ChannelValues(**given)
    except ValueError as error:
        raise ProtocolError(str(error)) from None


def live_channel_to_proto(channel: LiveChannel) -> pb.LiveChannel:
    """Encode the state of a link."""
    return pb.LiveChannel(version=channel.version, values=values_to_proto(channel.values))


def live_channel_from_proto(message: pb.LiveChannel) -> LiveChannel:
    """Decode the state of a link.

    Raises:
        ProtocolError: a value is outside of its range.
    """
    return LiveChannel(message.version, values_from_proto(message.values))
