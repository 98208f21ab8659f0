"""Fills a bundle with what is ready to be sent: a message on the wire costs the same whatever its size.

Nothing waits for company: a lone message leaves alone and at once, and only what has piled up while the transport was
busy shares a bundle.
"""

from collections.abc import Callable
from typing import TypeVar

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_MESSAGE_BYTES
from splitwave.common.wire.pb import uplink_pb2 as pb

MAX_MESSAGES = 1024
"""In a bundle: room for a few of each of the most links; what a peer sends is small in number, too."""

Message = TypeVar("Message", pb.UplinkMessage, pb.DownlinkMessage)


def check_bundle(bundle: pb.UplinkBundle | pb.DownlinkBundle) -> None:
    """Hold a bundle to what `gather` makes.

    Raises:
        ProtocolError: it is empty, or has too many messages.
    """
    if not 1 <= len(bundle.messages) <= MAX_MESSAGES:
        raise ProtocolError(f"a bundle of {len(bundle.messages)} messages: expected 1 to {MAX_MESSAGES}")


def bundled_bytes(message: pb.UplinkMessage | pb.DownlinkMessage) -> int:
    """What a message adds to the bundle that carries it: itself, its tag and its length."""
    size = message.ByteSize()
    return 1 + (size.bit_length() + 6) // 7 + size


def gather(first: Message, more: Callable[[], Message | None]) -> tuple[list[Message], Message | None]:
    """The messages of the next bundle, in order, and one that did not fit any more, to begin the next with.

    Args:
        first: the message that leaves in any case.
        more: the next message that is ready, or None.
    """
    messages, size = [first], 0
    while (message := more()) is not None:
        if not size:
            size = bundled_bytes(first)
        size += bundled_bytes(message)
        if size > MAX_MESSAGE_BYTES or len(messages) == MAX_MESSAGES:
            return messages, message
        messages.append(message)
    return messages, None
