"""gRPC settings that both ends of every connection share, and addresses."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, NoReturn

import grpc
from grpc import aio

from splitwave.common.errors import AddressError, ProtocolError, Refusal
from splitwave.common.limits import MAX_LINKS, MAX_MESSAGE_BYTES
from splitwave.common.wire.pb import uplink_pb2 as pb

HELLO_LIMIT_S = 60.0
"""How long a stream may stay silent before its first word: a device that is late with it is refused for good."""
FAREWELL_LIMIT_S = 5.0
"""How long a party that gives up waits for the other side to hear why."""
MAX_STREAMS = 256
"""Calls that a server serves at a time: 64 links, and room for watchers and health checks."""

HIGHEST_PORT = 65_535

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
_RECONNECT = (  # our own back-off decides when to try again; gRPC's would let attempts fail without dialling
    ("grpc.initial_reconnect_backoff_ms", 1_000),
    ("grpc.min_reconnect_backoff_ms", 1_000),  # also how long one attempt to connect may take
    ("grpc.max_reconnect_backoff_ms", 2_000),
)
# A machine's web proxy reaches neither its own loopback nor the laboratory's radios.
_NO_WEB_PROXY = (("grpc.enable_http_proxy", 0),)
CLIENT_OPTIONS = (*_KEEPALIVE, *_LIMITS, *_RECONNECT, *_NO_WEB_PROXY)
SERVER_OPTIONS = (
    *_KEEPALIVE,
    *_LIMITS,
    ("grpc.so_reuseport", 0),  # a taken port is an error, not a second server
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)


def parse_address(text: str, option: str, *, lowest_port: int = 1) -> str:
    """HOST:PORT, checked; an IPv6 host stands in brackets.

    Raises:
        AddressError: it is anything else; the message names the option it came from.
    """
    match = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[^\[\]:/\s]+):(\d{1,5})", text)
    if match is None or not lowest_port <= int(match[2]) <= HIGHEST_PORT:
        raise AddressError(
            f"{option} {text}: expected HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051, "
            f"with a port from {lowest_port} to {HIGHEST_PORT}"
        )
    return text


def check_port(number: int) -> None:
    """Hold a port's number to what one stream may have: a device for each of a run's links.

    Raises:
        ProtocolError: it is beyond that.
    """
    if number >= MAX_LINKS:
        raise ProtocolError(f"port {number}: a stream has ports 0 to {MAX_LINKS - 1}")


async def first_bundle(bundles: AsyncIterator[pb.UplinkBundle]) -> pb.UplinkBundle:
    """The first bundle of a stream.

    Raises:
        ProtocolError: the stream ended, or stayed silent for too long, before it.
    """
    try:
        async with asyncio.timeout(HELLO_LIMIT_S):
            async for bundle in bundles:
                return bundle
    except TimeoutError:
        reason = f"the stream said no Hello within {HELLO_LIMIT_S:g} s"
        raise ProtocolError(reason, Refusal.FAILED_PRECONDITION) from None
    raise ProtocolError("the stream ended before Hello")


async def refuse(context: "aio.ServicerContext[Any, Any]", error: ProtocolError) -> NoReturn:
    """End a stream with the status that fits the error."""
    await context.abort(grpc.StatusCode[error.refusal.name], str(error))
    raise AssertionError("abort always raises")
