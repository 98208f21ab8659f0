"""Parsers of protobuf messages that return a value where gRPC's own raise.

gRPC treats an error of a parser as a bug of this process: it logs a traceback, and the call ends with UNKNOWN or
INTERNAL. Bytes that a peer sends are not a bug of this process.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf import descriptor_pool
from google.protobuf.message import DecodeError

from splitwave.common.errors import ProtocolError
from splitwave.common.wire.field_count import COUNTED_BYTES, MAX_FIELDS, has_too_many_fields

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are not a message of the expected type.

    Attributes:
        reason: who sent how many bytes, and which type was expected.
    """

    reason: str


class Parser(Generic[M]):
    """Parses the messages of one type that one party sends."""

    def __init__(self, from_string: Callable[[bytes], M], message_type: str, party: str) -> None:
        """Set up a parser.

        Args:
            from_string: the class method of the message type that parses.
            message_type: its full name, for the reason.
            party: who sends the messages, for the reason.
        """
        self._from_string = from_string
        self._message_type = message_type
        self._party = party

    def __call__(self, data: bytes) -> M | Unreadable:
        """Return the message; it raises nothing, because gRPC's clients log whatever is raised here."""
        try:
            return self.parse(data)
        except ProtocolError as error:
            return Unreadable(str(error))

    def parse(self, data: bytes) -> M:
        """Return the message.

        Raises:
            ProtocolError: the bytes are not a message of this type, or one of too many fields.
        """
        if len(data) >= COUNTED_BYTES:
            self._check_fields(data)
        try:
            return self._from_string(data)
        except (DecodeError, ValueError):  # the second from protobuf in pure Python
            raise ProtocolError(f"{self._party} sent {len(data)} bytes that are not a {self._message_type}") from None

    def _check_fields(self, data: bytes) -> None:
        kind = descriptor_pool.Default().FindMessageTypeByName(self._message_type)
        if has_too_many_fields(data, kind):
            raise ProtocolError(f"{self._party} sent a {self._message_type} of more than {MAX_FIELDS} fields")


def readable(message: M | Unreadable) -> M:
    """Return a message that was parsed.

    Raises:
        ProtocolError: the bytes could not be parsed.
    """
    if isinstance(message, Unreadable):
        raise ProtocolError(message.reason)
    return message
