"""`python -m benchmarks.floors.echo_service`: a bare echo, or, with `--connect`, a proxy that forwards to one.

The endpoints are those of a base station and of a channel emulator, with the same gRPC options; the messages are bytes
that nobody looks at.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc import aio

from common.process import add_process_options, announce_ready, run_service, stop_signal
from common.rpc import CLIENT_OPTIONS
from common.server import serving

SERVICE = "splitwave.benchmarks.Echo"
METHOD = f"/{SERVICE}/Connect"

_Context = Any


async def _echo(messages: AsyncIterator[bytes], context: _Context) -> None:
    async for message in messages:
        await context.write(message)


class _Proxy:
    """Forwards a stream message by message, both ways, as `channel.service` does without its channel."""

    def __init__(self, address: str) -> None:
        self._grpc_channel = aio.insecure_channel(address, options=CLIENT_OPTIONS)

    async def forward(self, messages: AsyncIterator[bytes], context: _Context) -> None:
        upstream: Any = self._grpc_channel.stream_stream(METHOD)()

        async def carry_up() -> None:
            async for message in messages:
                await upstream.write(message)
            await upstream.done_writing()

        up = asyncio.create_task(carry_up())
        try:
            async for message in upstream:
                await context.write(message)
        finally:
            up.cancel()
            upstream.cancel()
            await asyncio.gather(up, return_exceptions=True)


async def _serve(listen: str, connect: str | None, ready_fd: int | None) -> None:
    stop = stop_signal()
    behavior = _echo if connect is None else _Proxy(connect).forward
    # No serializers: bytes as they are.
    handlers: dict[str, Any] = {"Connect": grpc.stream_stream_rpc_method_handler(behavior)}

    def register(server: aio.Server) -> None:
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))

    async with serving(listen, register, [SERVICE]) as address:
        announce_ready(ready_fd, address)
        await stop.wait()


def main() -> int:
    """Parse the command line and serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floors.echo_service", description=__doc__)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--connect", metavar="HOST:PORT", help="forward there instead of answering")
    add_process_options(parser)
    options = parser.parse_args()
    return run_service("echo", options, lambda: asyncio.run(_serve(options.listen, options.connect, options.ready_fd)))


if __name__ == "__main__":
    sys.exit(main())
