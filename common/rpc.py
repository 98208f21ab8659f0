"""gRPC settings that both ends of every connection share, and addresses."""

from typing import Any, NoReturn

import grpc
from grpc import aio

from common.errors import AddressError, ProtocolError
from common.messages import MAX_MESSAGE_BYTES

_KEEPALIVE = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)
_LIMITS = (
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
)
# A machine's web proxy reaches neither its own loopback nor the laboratory's radios.
_NO_WEB_PROXY = (("grpc.enable_http_proxy", 0),)
CLIENT_OPTIONS = (*_KEEPALIVE, *_LIMITS, *_NO_WEB_PROXY)
SERVER_OPTIONS = (
    *_KEEPALIVE,
    *_LIMITS,
    ("grpc.so_reuseport", 0),  # a taken port is an error, not a second server
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)


def parse_address(text: str, option: str) -> str:
    """HOST:PORT, checked.

    Raises:
        AddressError: it is anything else; the message names the option it came from.
    """
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isdecimal() or int(port) > 65_535:
        raise AddressError(f"{option} {text}: expected HOST:PORT, such as 127.0.0.1:50051")
    return text


async def refuse(context: "aio.ServicerContext[Any, Any]", error: ProtocolError) -> NoReturn:
    """End a stream with the status that fits the error."""
    await context.abort(grpc.StatusCode[error.refusal.name], str(error))
    raise AssertionError("abort always raises")
