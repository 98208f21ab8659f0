"""Writes a model that comes in pieces to a folder."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_MODEL_FILE_BYTES
from splitwave.common.protocol.identity import NAME
from splitwave.common.protocol.live_messages import ModelChunk
from splitwave.device.inference.encoder import LiveEncoder

OpenEncoder = Callable[[Path], LiveEncoder]


class ModelReceiver:
    """Takes the pieces of one model after the other.

    Attributes:
        folder: has a folder for each model that is complete and not opened yet, which has the name of its version.
    """

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="splitwave-models-")
        self.folder = Path(self._temporary.name)
        self._incoming: Path | None = None
        self._number = 0
        self._missing: dict[str, int] = {}
        self._bytes = 0

    def take(self, chunk: ModelChunk) -> Path | None:
        """Write a piece; returns the folder of the model if this was its last.

        Raises:
            ProtocolError: the pieces do not make a model.
        """
        if not NAME.fullmatch(chunk.version):
            raise ProtocolError(f"{chunk.version!r} is no version of a model")
        if self._incoming is None or chunk.number != self._number:
            self._begin(chunk.number)
        assert self._incoming is not None  # `_begin` made it
        self._write(self._incoming / chunk.file, chunk)
        return self._finish(chunk.version) if chunk.last else None

    @staticmethod
    def open(folder: Path, open_encoder: OpenEncoder) -> LiveEncoder:
        """Open a model, and delete its folder: what it needs is in memory.

        Raises:
            SplitwaveError: the model cannot be used.
        """
        try:
            return open_encoder(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def discard(self) -> None:
        """Forget a model that is not complete, such as that of a lost connection."""
        if self._incoming is not None:
            shutil.rmtree(self._incoming, ignore_errors=True)
            self._incoming = None

    def close(self) -> None:
        """Delete what is there."""
        self._temporary.cleanup()

    def _begin(self, number: int) -> None:
        self.discard()
        self._incoming = Path(tempfile.mkdtemp(prefix=".incoming-", dir=self.folder))
        self._number, self._missing, self._bytes = number, {}, 0

    def _write(self, path: Path, chunk: ModelChunk) -> None:
        missing = self._missing.get(chunk.file, chunk.file_bytes) - len(chunk.data)
        self._bytes += len(chunk.data)
        if missing < 0 or self._bytes > MAX_MODEL_FILE_BYTES:
            raise ProtocolError(
                f"{chunk.file} of model {chunk.version} has more bytes than its {chunk.file_bytes}, or the model more "
                f"than {MAX_MODEL_FILE_BYTES}"
            )
        with path.open("ab") as file:
            file.write(chunk.data)
        self._missing[chunk.file] = missing

    def _finish(self, version: str) -> Path:
        short = sorted(name for name, missing in self._missing.items() if missing)
        if short:
            raise ProtocolError(f"model {version} ended, and {', '.join(short)} lacks bytes")
        assert self._incoming is not None  # `take` made it
        place = self.folder / version
        shutil.rmtree(place, ignore_errors=True)  # it may have been damaged since
        self._incoming.rename(place)
        self._incoming = None
        return place
