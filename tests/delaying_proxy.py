"""A slow link: a TCP proxy that passes everything on, in both directions, some seconds later."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def slow_link(address: str, seconds: float) -> AsyncIterator[str]:
    """Yield the address of a proxy in front of a server; it forwards all bytes after a delay of `seconds`."""
    host, _, port = address.rpartition(":")
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def connect(from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(host, int(port))
        writers.extend((to_client, to_server))
        tasks.add(asyncio.create_task(_carry(from_client, to_server, seconds)))
        tasks.add(asyncio.create_task(_carry(from_server, to_client, seconds)))

    proxy = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        own_host, own_port = proxy.sockets[0].getsockname()
        yield f"{own_host}:{own_port}"
    finally:
        proxy.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    try:
        while chunk := await reader.read(65_536):
            loop.call_later(seconds, _write, writer, chunk)
    except ConnectionError:
        pass  # the sender has closed; the other side learns it as late as everything else
    finally:
        loop.call_later(seconds, writer.close)


def _write(writer: asyncio.StreamWriter, chunk: bytes) -> None:
    if not writer.is_closing():
        writer.write(chunk)
