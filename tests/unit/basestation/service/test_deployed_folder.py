import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from splitwave.basestation.service import deployed_folder
from splitwave.basestation.service.deployed_folder import DeployedFolder, in_time
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.wire.parsing import Unreadable
from splitwave.common.wire.pb import control_pb2 as pb

GOOD = [
    pb.DeployChunk(file="device-0/part.json", file_bytes=5, data=b"abc"),
    pb.DeployChunk(file="device-0/part.json", file_bytes=5, data=b"de"),
    pb.DeployChunk(file="empty", file_bytes=0),
    pb.DeployChunk(file="model.json", file_bytes=1, data=b"x"),
]


class Sent:
    """A stream of pieces, which counts those that were read."""

    def __init__(self, *pieces: pb.DeployChunk | Unreadable) -> None:
        self._pieces = pieces
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[pb.DeployChunk | Unreadable]:
        for piece in self._pieces:
            self.read += 1
            yield piece


def receive(folder: Path, *pieces: pb.DeployChunk | Unreadable) -> None:
    asyncio.run(DeployedFolder(folder).receive(aiter(Sent(*pieces))))


def test_the_files_are_those_that_were_sent(tmp_path: Path) -> None:
    receive(tmp_path, *GOOD)
    files = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"device-0/part.json": b"abcde", "empty": b"", "model.json": b"x"}


@pytest.mark.parametrize(
    "name", ["", "../model.json", "/etc/passwd", ".hidden", "device-0/../x", "a/b/c", "a\\b", "a\0", "x" * 200, "empty"]
)
def test_a_name_that_is_no_new_file_of_a_model_folder_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="is no new file of a model folder") as error:
        receive(tmp_path / "folder", *_made(tmp_path), pb.DeployChunk(file=name, file_bytes=1, data=b"x"))
    assert len(str(error.value)) < 400
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def _made(tmp_path: Path) -> list[pb.DeployChunk]:
    (tmp_path / "folder").mkdir()
    return GOOD


@pytest.mark.parametrize(
    ("pieces", "reason"),
    [
        ([GOOD[0], GOOD[3]], "1 bytes of 'model.json': expected at most 2 of device-0/part.json"),
        ([GOOD[0], GOOD[0]], "3 bytes of 'device-0/part.json': expected at most 2 of device-0/part.json"),
        ([GOOD[0]], "the folder ended 2 bytes before the end of device-0/part.json"),
        ([], "the folder ended 0 bytes before the end of any file"),
        ([Unreadable("no message")], "no message"),
        (
            [pb.DeployChunk(file="a", file_bytes=1 << 40)],
            "a of 1099511627776 bytes: expected at most 1073741824 a file",
        ),
        ([GOOD[2], GOOD[2]], "'empty' is no new file of a model folder"),
    ],
    ids=["another file", "too long", "too short", "nothing", "unreadable", "too large", "twice"],
)
def test_pieces_that_make_no_files_are_refused(
    pieces: list[pb.DeployChunk | Unreadable], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ProtocolError, match=reason):
        receive(tmp_path, *pieces)


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployed_folder, "MAX_FILES", 2)
    with pytest.raises(ProtocolError, match="and 2 files") as error:
        receive(tmp_path, *GOOD)
    assert error.value.refusal is Refusal.RESOURCE_EXHAUSTED


def test_the_rest_of_a_refused_folder_is_read(tmp_path: Path) -> None:
    sent = Sent(pb.DeployChunk(file="..", file_bytes=1, data=b"x"), *GOOD)
    with pytest.raises(ProtocolError):
        asyncio.run(DeployedFolder(tmp_path).receive(aiter(sent)))
    assert sent.read == 1 + len(GOOD)


def test_an_operator_who_stops_sending_keeps_nobody_waiting(tmp_path: Path) -> None:
    async def stalled() -> AsyncIterator[pb.DeployChunk | Unreadable]:
        yield GOOD[0]
        await asyncio.Event().wait()

    with pytest.raises(ProtocolError, match=r"nothing more of the folder came for 0.01 s") as error:
        asyncio.run(DeployedFolder(tmp_path).receive(in_time(stalled(), 0.01)))
    assert error.value.refusal is Refusal.DEADLINE_EXCEEDED
