"""Parses replies in front of every client, so that bad bytes are a value and no traceback of gRPC's."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from google.protobuf import descriptor_pool

from splitwave.common.wire.parsing import Parser

C = TypeVar("C")
Call = Callable[..., Any]


def with_readable_replies(grpc_channel: C, party: str) -> C:
    """Return a connection for a stub, whose calls return an `Unreadable` in place of bytes that are not the reply.

    The stub's user checks each reply with `readable`, or a bundle with `check_bundle`.

    Args:
        grpc_channel: of grpc or grpc.aio.
        party: who answers, for the reason.
    """
    return cast(C, _ReadableReplies(grpc_channel, party))


class _ReadableReplies:
    """The part of a connection that stubs use."""

    def __init__(self, grpc_channel: Any, party: str) -> None:
        self._grpc_channel = grpc_channel
        self._party = party

    def unary_unary(self, method: str, **settings: Any) -> Call:
        return self._calling(self._grpc_channel.unary_unary, method, settings)

    def unary_stream(self, method: str, **settings: Any) -> Call:
        return self._calling(self._grpc_channel.unary_stream, method, settings)

    def stream_unary(self, method: str, **settings: Any) -> Call:
        return self._calling(self._grpc_channel.stream_unary, method, settings)

    def stream_stream(self, method: str, **settings: Any) -> Call:
        return self._calling(self._grpc_channel.stream_stream, method, settings)

    def _calling(self, make: Callable[..., Call], method: str, settings: dict[str, Any]) -> Call:
        reply = descriptor_pool.Default().FindMethodByName(method[1:].replace("/", ".")).output_type.full_name
        settings["response_deserializer"] = Parser(settings["response_deserializer"], reply, self._party)
        return make(method, **settings)
