"""TCP proxies that break connections, delay their bytes, cut them into pieces and flip bits in them, by a seed."""

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random

BREAKING = ("drop", "truncate", "corrupt")
"""Faults that end a connection: abruptly, after a part of a chunk, or because TLS finds a flipped bit."""
LONGEST_DELAY_S = 0.05
DELAY, SPLIT = 0.02, 0.02
"""Probabilities that a chunk is delayed, and that it is forwarded in pieces."""
BYTES = (2_000, 1_000_000)
"""Least and most bytes of one direction before its breaking fault; a step takes some thousands."""
_CHUNK, _PIECE = 65_536, 100
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: discard what is unsent, and send RST."""


class FaultyNetwork:
    """The faults of all its proxies.

    Attributes:
        counts: faults so far, by kind.
    """

    def __init__(self, seed: int) -> None:
        """Args: the seed; connection n of the network has the same faults in every run."""
        self._seed = seed
        self._connections = 0
        self.counts: Counter[str] = Counter()

    @asynccontextmanager
    async def proxy(self, address: str) -> AsyncIterator[str]:
        """Yield the address of a proxy in front of a server."""
        tasks: set[asyncio.Task[None]] = set()

        async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await self._serve(address, reader, writer)

        server = await asyncio.start_server(connect, "127.0.0.1", 0)
        try:
            host, port = server.sockets[0].getsockname()
            yield f"{host}:{port}"
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, address: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = address.rpartition(":")
        random = Random(f"{self._seed} {self._connections}")
        self._connections += 1
        try:
            to_server, from_server = None, None
            with suppress(OSError):
                from_server, to_server = await asyncio.open_connection(host, int(port))
            if from_server is None or to_server is None:
                return
            try:
                await self._carry_both_ways(random, (reader, writer), (from_server, to_server))
            finally:
                to_server.transport.abort()
        finally:
            writer.transport.abort()

    async def _carry_both_ways(
        self,
        random: Random,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        server: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Carry both directions, one of which has a breaking fault, until one of them ends."""
        up, down = _Direction(self.counts, client[0], server[1]), _Direction(self.counts, server[0], client[1])
        random.choice((up, down)).will_break(random.choice(BREAKING), random.randint(*BYTES))
        seeds = [random.getrandbits(32) for _ in range(2)]
        carrying = [asyncio.create_task(each.carry(Random(seed))) for each, seed in zip((up, down), seeds, strict=True)]
        try:
            await asyncio.wait(carrying, return_when=asyncio.FIRST_COMPLETED)
            if any(each.is_dropped for each in (up, down)):
                for writer in (client[1], server[1]):
                    _reset(writer)
        finally:
            for task in carrying:
                task.cancel()
            await asyncio.gather(*carrying, return_exceptions=True)


class _Direction:
    """One direction of a connection.

    Attributes:
        is_dropped: whether both sides are to be reset.
    """

    def __init__(self, counts: Counter[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._counts = counts
        self._reader = reader
        self._writer = writer
        self._fault = ""
        self._left = 0
        self.is_dropped = False

    def will_break(self, fault: str, after_bytes: int) -> None:
        self._fault, self._left = fault, after_bytes

    async def carry(self, random: Random) -> None:
        with suppress(ConnectionError):
            while chunk := await self._reader.read(_CHUNK):
                if self._fault and len(chunk) > self._left:
                    if self._break(chunk):
                        await self._writer.drain()
                        return
                else:
                    self._left -= len(chunk)
                    await self._pass_on(chunk, random)
                await self._writer.drain()
        with suppress(ConnectionError, RuntimeError):
            self._writer.write_eof()

    def _break(self, chunk: bytes) -> bool:
        """Have the breaking fault; True if the connection ends by it."""
        fault, self._fault = self._fault, ""
        self._counts[fault] += 1
        if fault == "corrupt":
            position = self._left
            self._writer.write(chunk[:position] + bytes([chunk[position] ^ 0x10]) + chunk[position + 1 :])
            return False
        if fault == "truncate":
            self._writer.write(chunk[: self._left])
        self.is_dropped = fault == "drop"
        return True

    async def _pass_on(self, chunk: bytes, random: Random) -> None:
        if random.random() < DELAY:
            self._counts["delay"] += 1
            await asyncio.sleep(random.uniform(0, LONGEST_DELAY_S))
        if random.random() >= SPLIT:
            self._writer.write(chunk)
            return
        self._counts["split"] += 1
        while chunk:
            size = random.randint(1, _PIECE)
            self._writer.write(chunk[:size])
            chunk = chunk[size:]
            await asyncio.sleep(0)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
