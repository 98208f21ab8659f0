"""gRPC streams of raw bytes without serializers: the client and server side of load clients and floors."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from queue import SimpleQueue
from typing import Any

import grpc
from grpc import aio

from splitwave.common.runtime.process import announce_ready
from splitwave.common.runtime.server import serving
from splitwave.common.runtime.stop_signals import stop_event
from splitwave.common.runtime.tls_folder import TlsFolder

Context = Any
_STREAM_LIMIT_S = 600.0


class RawStream:
    """A synchronous bidirectional call that sends from a queue, like `splitwave.device.uplink.outbox`."""

    def __init__(self, grpc_channel: grpc.Channel, service: str) -> None:
        self._outbox: SimpleQueue[bytes | None] = SimpleQueue()
        connect: Any = grpc_channel.stream_stream(method_of(service))
        self._call: Any = connect(iter(self._outbox.get, None), timeout=_STREAM_LIMIT_S)

    def send(self, message: bytes) -> None:
        """Queue a message for sending."""
        self._outbox.put(message)

    def receive(self) -> bytes:
        """Wait for the next message."""
        answer: bytes = next(self._call)
        return answer

    def end(self) -> None:
        """Cancel the call."""
        self._outbox.put(None)
        self._call.cancel()


def method_of(service: str) -> str:
    """Return the full name of the service's only method."""
    return f"/{service}/Connect"


def serve_streams(
    service: str,
    make_behavior: Callable[[], Callable[[AsyncIterator[bytes], Context], Awaitable[None]]],
    listen: str,
    ready_fd: int | None,
    tls: TlsFolder | None = None,
) -> None:
    """Serve one service's streams until SIGTERM.

    Args:
        service: full name of the service.
        make_behavior: called within the event loop; returns the function that serves a stream.
        listen: HOST:PORT.
        ready_fd: file descriptor to which the address is written, or None.
        tls: the server's files; None for plaintext.
    """

    async def serve() -> None:
        stop = stop_event()
        handlers: dict[str, Any] = {"Connect": grpc.stream_stream_rpc_method_handler(make_behavior())}

        def register(server: aio.Server) -> None:
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))

        async with serving(listen, register, [service], tls) as address:
            announce_ready(ready_fd, address)
            await stop.wait()

    asyncio.run(serve())
