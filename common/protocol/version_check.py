"""The check of the other party's protocol version, the first that either party makes."""

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Welcome


def check_device_version(hello: Hello) -> None:
    """Refuse a device that speaks another version of the protocol; raises ProtocolError."""
    if hello.protocol_version != PROTOCOL_VERSION:
        raise ProtocolError(
            f"device {hello.device_id} speaks protocol version {hello.protocol_version}, "
            f"this base station version {PROTOCOL_VERSION}",
            Refusal.FAILED_PRECONDITION,
        )


def check_basestation_version(welcome: Welcome) -> None:
    """Refuse a base station that speaks another version of the protocol; raises ProtocolError."""
    if welcome.protocol_version != PROTOCOL_VERSION:
        raise ProtocolError(
            f"the base station speaks protocol version {welcome.protocol_version}, this device {PROTOCOL_VERSION}"
        )
