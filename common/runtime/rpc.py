"""gRPC settings that both ends of every connection share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, NoReturn

import grpc
from grpc import aio

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.limits import MAX_LINKS, MAX_MESSAGE_BYTES
from splitwave.common.wire.pb import uplink_pb2 as pb

UPLINK_SERVICE = pb.DESCRIPTOR.services_by_name["Uplink"].full_name
"""The service that the channel emulator and the base station offer to devices."""
HELLO_LIMIT_S = 60.0
"""Seconds until a stream's first message; a device that takes longer is refused for good."""
CLOSING_LIMIT_S = 5.0
"""Seconds that a party which gives up waits, so that the other side receives the reason."""
DIAL_TIMEOUT_S = 20.0
"""Seconds until one dial is given up. A dial takes two round trips, which is 9.2 s on a link with 2.3 s each way."""
MAX_STREAMS = 256
"""Calls that a server serves at the same time: 64 links, watchers and health checks."""

_KEEPALIVE = (
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),  # of TCP: the other machine is gone
    ("grpc.http2.ping_timeout_ms", 60_000),  # the other machine is there, its process answers nothing
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)
_LIMITS = (
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
)
_BACKOFF_MS = 1_000
_RECONNECT = (  # our own back-off decides when to try again; gRPC's would let attempts fail without dialling
    ("grpc.max_reconnect_backoff_ms", 2 * _BACKOFF_MS),
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),  # else a peer that has moved is looked up 30 s later
)
# A machine's web proxy reaches neither its own loopback nor the laboratory's radios.
_NO_WEB_PROXY = (("grpc.enable_http_proxy", 0),)


def client_options(dial_timeout_s: float) -> tuple[tuple[str, int], ...]:
    """Return the settings of a connection to a peer.

    Args:
        dial_timeout_s: the deadline of one dial: TCP's handshake, and until the peer's first frame of HTTP/2 arrives.
    """
    deadline_ms = round(1_000 * dial_timeout_s)
    # Despite its name, the least back-off is the deadline of a dial, which gRPC lets last as long as the next back-off.
    dial = (
        ("grpc.min_reconnect_backoff_ms", deadline_ms),
        ("grpc.initial_reconnect_backoff_ms", min(deadline_ms, _BACKOFF_MS)),
    )
    return (*_KEEPALIVE, *_LIMITS, *_RECONNECT, *_NO_WEB_PROXY, *dial)


CLIENT_OPTIONS = client_options(DIAL_TIMEOUT_S)
SERVER_OPTIONS = (
    *_KEEPALIVE,
    *_LIMITS,
    ("grpc.so_reuseport", 0),  # a taken port is an error, not a second server
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 20),  # a process without CPU time for a minute reads all its pings at once
    ("grpc.server_handshake_timeout_ms", round(1_000 * HELLO_LIMIT_S)),  # of a connection that sends no HTTP/2
)


def check_port(number: int) -> None:
    """Check the number of a stream's port: a stream has at most one device for each of a run's links.

    Raises:
        ProtocolError: the number is too large.
    """
    if number >= MAX_LINKS:
        raise ProtocolError(f"port {number}: a stream has ports 0 to {MAX_LINKS - 1}")


async def first_bundle(bundles: AsyncIterator[pb.UplinkBundle]) -> pb.UplinkBundle:
    """Wait for the first bundle of a stream.

    Raises:
        ProtocolError: the stream ended, or nothing was sent for `HELLO_LIMIT_S`.
    """
    try:
        async with asyncio.timeout(HELLO_LIMIT_S):
            async for bundle in bundles:
                return bundle
    except TimeoutError:
        reason = f"the stream sent no Hello within {HELLO_LIMIT_S:g} s"
        raise ProtocolError(reason, Refusal.FAILED_PRECONDITION) from None
    raise ProtocolError("the stream ended before Hello")


async def refuse(context: "aio.ServicerContext[Any, Any]", error: ProtocolError) -> NoReturn:
    """End a stream with the status that fits the error."""
    await end_stream(context, grpc.StatusCode[error.refusal.name], str(error))


async def end_stream(context: "aio.ServicerContext[Any, Any]", code: grpc.StatusCode, details: str) -> NoReturn:
    """End a stream with a status; a peer that does not read it loses the stream all the same."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_LIMIT_S):
            await context.abort(code, details)
    raise asyncio.CancelledError  # gRPC then drops the stream
