"""Bundles of messages: gRPC's cost for each transfer hardly depends on its size, so several messages share one.

No message waits for another. A single message leaves alone and at once; only messages that have piled up while the
transport was busy share a bundle.
"""

from collections.abc import Callable
from typing import TypeVar

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_MESSAGE_BYTES
from splitwave.common.wire.parsing import Unreadable
from splitwave.common.wire.pb import uplink_pb2 as pb

MAX_MESSAGES = 1024
"""Most messages in one bundle: a few for each of the links that a run can have."""

Message = TypeVar("Message", pb.UplinkMessage, pb.DownlinkMessage)


def check_bundle(bundle: pb.UplinkBundle | pb.DownlinkBundle | Unreadable) -> None:
    """Check that a peer's bundle could be parsed, and has a number of messages that `gather` can give it.

    Raises:
        ProtocolError: the bytes were not a bundle, or it is empty, or has too many messages.
    """
    if isinstance(bundle, Unreadable):
        raise ProtocolError(bundle.reason)
    if not 1 <= len(bundle.messages) <= MAX_MESSAGES:
        raise ProtocolError(f"a bundle of {len(bundle.messages)} messages: expected 1 to {MAX_MESSAGES}")


def bundled_bytes(message: pb.UplinkMessage | pb.DownlinkMessage) -> int:
    """Return the bytes that a message adds to its bundle: the message, its tag and its length."""
    size = message.ByteSize()
    return 1 + (size.bit_length() + 6) // 7 + size


def gather(first: Message, more: Callable[[], Message | None]) -> tuple[list[Message], Message | None]:
    """Return the messages of the next bundle, in order, and the message that did not fit, for the one after it.

    Args:
        first: the bundle's first message.
        more: returns the next message that is ready, or None.
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
