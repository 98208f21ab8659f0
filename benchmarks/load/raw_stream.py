"""Streams of bytes as they are, without serializers: the ends that load clients and floors are made of."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from queue import SimpleQueue
from typing import Any

import grpc
from grpc import aio

from splitwave.common.runtime.process import announce_ready, stop_signal
from splitwave.common.runtime.server import serving

Context = Any
_STREAM_LIMIT_S = 600.0


class RawStream:
    """One call: an outbox that gRPC sends from, as `splitwave.device.uplink.client` has it."""

    def __init__(self, grpc_channel: grpc.Channel, service: str) -> None:
        self._outbox: SimpleQueue[bytes | None] = SimpleQueue()
        connect: Any = grpc_channel.stream_stream(method_of(service))
        self._call: Any = connect(iter(self._outbox.get, None), timeout=_STREAM_LIMIT_S)

    def send(self, message: bytes) -> None:
        """Put a message into the outbox."""
        self._outbox.put(message)

    def receive(self) -> bytes:
        """Wait for the next message."""
        answer: bytes = next(self._call)
        return answer

    def end(self) -> None:
        """Give the call up."""
        self._outbox.put(None)
        self._call.cancel()


def method_of(service: str) -> str:
    """The one method that these services have."""
    return f"/{service}/Connect"


def serve_streams(
    service: str,
    make_behavior: Callable[[], Callable[[AsyncIterator[bytes], Context], Awaitable[None]]],
    listen: str,
    ready_fd: int | None,
) -> None:
    """Serve one service's streams until SIGTERM.

    Args:
        service: its full name.
        make_behavior: called within the event loop, for what carries a stream.
        listen: HOST:PORT.
        ready_fd: where to announce the address, or None.
    """

    async def serve() -> None:
        stop = stop_signal()
        handlers: dict[str, Any] = {"Connect": grpc.stream_stream_rpc_method_handler(make_behavior())}

        def register(server: aio.Server) -> None:
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))

        async with serving(listen, register, [service]) as address:
            announce_ready(ready_fd, address)
            await stop.wait()

    asyncio.run(serve())
