"""`python -m splitwave.benchmarks.floors.echo_service`: an echo server or, with `--connect`, a forwarding proxy.

They stand in for a base station and a channel emulator, with the same gRPC options; the content of messages is ignored.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from grpc import aio

from splitwave.benchmarks.load.raw_stream import Context, method_of, serve_streams
from splitwave.common.runtime.process import add_process_options, run_service
from splitwave.common.runtime.rpc import CLIENT_OPTIONS

SERVICE = "splitwave.benchmarks.Echo"


async def _echo(messages: AsyncIterator[bytes], context: Context) -> None:
    async for message in messages:
        await context.write(message)


class _Proxy:
    """Forwards a stream message by message in both directions, like `channel.emulator.service` without a channel."""

    def __init__(self, address: str) -> None:
        self._grpc_channel = aio.insecure_channel(address, options=CLIENT_OPTIONS)

    async def forward(self, messages: AsyncIterator[bytes], context: Context) -> None:
        upstream: Any = self._grpc_channel.stream_stream(method_of(SERVICE))()

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


def main() -> int:
    """Parse the command line and serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m splitwave.benchmarks.floors.echo_service", description=__doc__)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--connect", metavar="HOST:PORT", help="forward there instead of answering")
    add_process_options(parser)
    options = parser.parse_args()

    def behavior() -> Callable[[AsyncIterator[bytes], Context], Awaitable[None]]:
        return _echo if options.connect is None else _Proxy(options.connect).forward

    return run_service("echo", options, lambda: serve_streams(SERVICE, behavior, options.listen, options.ready_fd))


if __name__ == "__main__":
    sys.exit(main())
