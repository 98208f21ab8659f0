"""Models that come in pieces."""

from collections.abc import Iterator

import pytest

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.live_messages import ModelChunk
from splitwave.device.live.model_receiver import ModelReceiver
from tests.unit.device.live.encoders import SignEncoder


@pytest.fixture
def receiver() -> Iterator[ModelReceiver]:
    made = ModelReceiver()
    yield made
    made.close()


def chunk(data: bytes, *, file: str = "a", size: int = 4, number: int = 1, last: bool = False) -> ModelChunk:
    return ModelChunk(number, "0123456789ab", file, size, data, last)


def test_pieces_make_the_files_of_the_model(receiver: ModelReceiver) -> None:
    assert receiver.take(chunk(b"ab")) is None
    assert receiver.take(chunk(b"cd")) is None
    folder = receiver.take(chunk(b"", file="b", size=0, last=True))
    assert folder == receiver.folder / "0123456789ab"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a": b"abcd", "b": b""}
    assert [path.name for path in receiver.folder.iterdir()] == ["0123456789ab"]


def test_a_model_that_begins_anew_replaces_the_incomplete_one(receiver: ModelReceiver) -> None:
    receiver.take(chunk(b"ab"))
    folder = receiver.take(chunk(b"wxyz", number=2, last=True))
    assert folder is not None
    assert (folder / "a").read_bytes() == b"wxyz"


def test_an_opened_model_leaves_nothing_behind(receiver: ModelReceiver) -> None:
    folder = receiver.take(chunk(b"abcd", last=True))
    assert folder is not None
    opened = receiver.open(folder, lambda path: SignEncoder((path / "a").read_text()))
    assert opened.version == "abcd"
    assert list(receiver.folder.iterdir()) == []


def test_an_incomplete_model_is_discarded(receiver: ModelReceiver) -> None:
    receiver.take(chunk(b"ab"))
    receiver.discard()
    assert list(receiver.folder.iterdir()) == []


def test_a_file_that_lacks_bytes_is_refused(receiver: ModelReceiver) -> None:
    with pytest.raises(ProtocolError, match="model 0123456789ab ended, and a lacks bytes"):
        receiver.take(chunk(b"abc", last=True))


def test_a_file_with_too_many_bytes_is_refused(receiver: ModelReceiver) -> None:
    with pytest.raises(ProtocolError, match="has more bytes than its 4"):
        receiver.take(chunk(b"abcde"))


def test_a_version_that_is_no_name_is_refused(receiver: ModelReceiver) -> None:
    with pytest.raises(ProtocolError, match=r"'\.\./up' is no version"):
        receiver.take(ModelChunk(1, "../up", "a", 0, b"", last=True))
