"""Writes a model folder that an operator sends in pieces, before anything in it is read."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.files.full_disk import is_disk_full
from splitwave.common.limits import MAX_MESSAGE_BYTES, MAX_MODEL_FILE_BYTES
from splitwave.common.wire.parsing import Unreadable
from splitwave.common.wire.pb import control_pb2 as pb

MAX_FILES = 1024
"""Files of a model folder: five for each of 64 links and a few more take a third of it."""

CHUNK_LIMIT_S = 60.0
"""Seconds until the next piece of a folder; a piece of 256 KiB takes so long at 35 kbit/s."""

MAX_FOLDER_BYTES = 4 * MAX_MODEL_FILE_BYTES

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,127})?")


class DeployedFolder:
    """Takes the pieces of one folder, which is empty at first."""

    def __init__(self, folder: Path) -> None:
        """Args: where the files go."""
        self._folder = folder
        self._name = ""
        self._missing = 0
        self._file: BinaryIO | None = None
        self._names: set[str] = set()
        self._total = 0

    async def receive(self, chunks: AsyncIterator[pb.DeployChunk | Unreadable]) -> None:
        """Write all files of the folder.

        Raises:
            ProtocolError: a name, an order or a size is not as expected, the stream ends within a file, or the disk is
                full. The rest has been read then.
        """
        try:
            await self._write(chunks)
        except ProtocolError:
            await read_to_end(chunks)
            raise

    async def _write(self, chunks: AsyncIterator[pb.DeployChunk | Unreadable]) -> None:
        try:
            async for chunk in chunks:
                if isinstance(chunk, Unreadable):
                    raise ProtocolError(chunk.reason)
                await self._take(chunk)
        except OSError as error:
            full = is_disk_full(error)
            reason = "the disk of the station is full" if full else f"cannot be written there: {error.strerror}"
            raise ProtocolError(
                f"{self._name}: {reason}", Refusal.RESOURCE_EXHAUSTED if full else Refusal.FAILED_PRECONDITION
            ) from None
        finally:
            if self._file is not None:
                self._file.close()
        if self._missing or not self._names:
            raise ProtocolError(f"the folder ended {self._missing} bytes before the end of {self._name or 'any file'}")

    async def _take(self, chunk: pb.DeployChunk) -> None:
        if not self._missing:
            self._begin(chunk)
        if chunk.file != self._name or len(chunk.data) > self._missing:
            raise ProtocolError(
                f"{len(chunk.data)} bytes of {chunk.file[:256]!r}: expected at most {self._missing} of {self._name}"
            )
        assert self._file is not None
        await asyncio.to_thread(self._file.write, chunk.data)
        self._missing -= len(chunk.data)
        if not self._missing:
            self._file.close()

    def _begin(self, chunk: pb.DeployChunk) -> None:
        name, size = chunk.file, chunk.file_bytes
        if not _NAME.fullmatch(name) or name in self._names:
            raise ProtocolError(f"{name[:256]!r} is no new file of a model folder, such as device-0/part.json")
        self._total += size
        if size > MAX_MODEL_FILE_BYTES or self._total > MAX_FOLDER_BYTES or len(self._names) >= MAX_FILES:
            raise ProtocolError(
                f"{name} of {size} bytes: expected at most {MAX_MODEL_FILE_BYTES} a file, {MAX_FOLDER_BYTES} in all, "
                f"and {MAX_FILES} files",
                Refusal.RESOURCE_EXHAUSTED,
            )
        path = self._folder / name
        path.parent.mkdir(exist_ok=True)
        self._name, self._missing, self._file = name, size, path.open("wb")
        self._names.add(name)


async def in_time(
    chunks: AsyncIterator[pb.DeployChunk | Unreadable], limit_s: float = CHUNK_LIMIT_S
) -> AsyncIterator[pb.DeployChunk | Unreadable]:
    """The pieces, each of which has to come within a limit: an operator who stops sending keeps others from deploying.

    Raises:
        ProtocolError: one did not.
    """
    pieces = aiter(chunks)
    while True:
        try:
            async with asyncio.timeout(limit_s):
                chunk = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError:
            reason = f"nothing more of the folder came for {limit_s:g} s"
            raise ProtocolError(reason, Refusal.DEADLINE_EXCEEDED) from None
        yield chunk


async def read_to_end(chunks: AsyncIterator[pb.DeployChunk | Unreadable]) -> None:
    """Read what an operator still sends of a folder that is refused: gRPC hides the reason from a client that sends."""
    left = MAX_FOLDER_BYTES
    async for chunk in chunks:
        left -= chunk.ByteSize() if isinstance(chunk, pb.DeployChunk) else MAX_MESSAGE_BYTES
        if left < 0:
            return
