"""The models of a station, from folders on the disk."""

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from splitwave.basestation.serving.live_model import CHUNK_BYTES, LiveModel
from splitwave.basestation.serving.live_query import FusedQuery, Part
from splitwave.basestation.serving.live_session import LiveSession
from splitwave.basestation.serving.model_store import ModelStore
from splitwave.common.errors import CheckpointError, ConfigError, ProtocolError, RunFailedError
from splitwave.common.protocol.link_contract import link_contract
from splitwave.common.protocol.live_channel import ChannelValues, LiveChannel
from splitwave.common.protocol.query_name import QueryName
from splitwave.common.records.model_folder import read_model
from tests.integration.live_stations import export
from tests.integration.test_live_queries import TWO_LINKS


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "model"
    export(TWO_LINKS, folder)
    return folder


@pytest.fixture(name="model")
def _model(folder: Path) -> LiveModel:
    return LiveModel.open(1, read_model(folder))


def part(link: int, value: float) -> Part:
    session = LiveSession(link_contract(TWO_LINKS, link), "device", "peer")
    return Part(QueryName(0, 1), session, np.full((1, 1, 6), value, dtype=np.float32), 1)


def test_the_pieces_are_the_files_of_one_device_one_after_the_other(model: LiveModel, folder: Path) -> None:
    chunks = list(model.chunks(1))
    files = {name: b"".join(each.data for each in of) for name, of in groupby(chunks, key=lambda chunk: chunk.file)}
    assert files == {path.name: path.read_bytes() for path in (folder / "device-1").iterdir()}
    assert chunks[0].file == "part.json"
    assert [chunk.last for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert max(len(chunk.data) for chunk in chunks) <= CHUNK_BYTES
    assert all(chunk.file_bytes == len(files[chunk.file]) for chunk in chunks)
    assert {(chunk.number, chunk.version) for chunk in chunks} == {(1, model.version)}


def test_a_file_that_is_put_into_the_folder_is_not_sent(folder: Path) -> None:
    stray = folder / "device-0" / "notes.txt"
    stray.write_text("private", encoding="utf-8")
    try:
        files = {chunk.file for chunk in LiveModel.open(1, read_model(folder)).chunks(0)}
    finally:
        stray.unlink()
    assert files == {"part.json", "signature.json", "encoder.onnx", "weights.safetensors"}


def test_a_link_that_is_not_in_has_zeros_for_its_symbols(model: LiveModel) -> None:
    block = model.fuse(FusedQuery(QueryName(0, 1), 1, (part(1, 0.5),)))
    np.testing.assert_array_equal(block.symbols[0, 0].numpy(), [0.0] * 6 + [0.5] * 6)
    assert (block.key, block.links, block.used) == (QueryName(0, 1).key, (1,), (1,))


def test_probabilities_belong_to_the_answer(model: LiveModel) -> None:
    answers, probabilities = model.decode(model.fuse(FusedQuery(QueryName(0, 1), 1, (part(0, 0.3), part(1, 0.5)))))
    assert probabilities is not None
    assert (str(answers.dtype), str(probabilities.dtype), len(probabilities)) == ("uint8", "float32", 10)
    assert int(answers[0]) == int(probabilities.argmax())
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-6)


def test_the_psnr_of_a_link_is_that_of_its_live_state_if_it_has_one(model: LiveModel) -> None:
    changed = replace(part(1, 0.5), channel=LiveChannel(3, ChannelValues(psnr_db=-2.0)))
    block = model.fuse(FusedQuery(QueryName(0, 1), 1, (part(0, 0.3), changed)))
    assert [channel.version for channel in block.channels] == [0, 3]
    assert model.psnr_db_of(block.channels) == (6.0, -2.0)
    assert model.psnr_db_of(()) == (6.0, 12.0)


def test_symbols_that_are_too_large_give_no_answer(model: LiveModel) -> None:
    with pytest.raises(RunFailedError, match="the decoder's outputs for serve step 0 micro-batch 1 are not finite"):
        model.decode(model.fuse(FusedQuery(QueryName(0, 1), 1, (part(0, 3e38), part(1, 3e38)))))


def test_a_channel_model_of_a_users_own_needs_consent(tmp_path: Path) -> None:
    channel = TWO_LINKS.channel.model_copy(update={"model": "mine:channel"})
    export(TWO_LINKS.model_copy(update={"channel": channel}), tmp_path / "model")
    with pytest.raises(ConfigError, match=r"channel.model = mine:channel.*--python-path DIR"):
        LiveModel.open(1, read_model(tmp_path / "model"))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"model.json: cannot be read"):
        ModelStore(tmp_path)


def test_models_are_numbered_and_the_one_before_is_kept(folder: Path, tmp_path: Path) -> None:
    for seed in (5, 6):
        export(TWO_LINKS, tmp_path / str(seed), weights_seed=seed)
    store = ModelStore(folder)
    second = store.open(tmp_path / "5")
    store.offer(second)
    assert (store.numbers, store.current.number) == ({1, 2}, 1)
    store.withdraw(needed={2})
    assert (store.numbers, store.was_offered(2), store.has(2)) == ({1}, True, True)

    third = store.open(tmp_path / "5")
    store.offer(third)
    store.use(third, needed=set())
    fourth = store.open(tmp_path / "6")
    store.offer(fourth)
    store.use(fourth, needed={1})
    assert (third.number, fourth.number, store.numbers) == (3, 4, {3, 4})
    assert store.get(1).number == 1  # a query waits for it
    assert not store.has(2)
    store.offer(third)
    store.withdraw(needed=set())
    assert store.get(3) is store.previous is third


def test_a_model_whose_samples_are_prepared_in_another_way_cannot_follow(folder: Path, model: LiveModel) -> None:
    found = read_model(folder)
    first, second = found.devices
    other = replace(second, input=replace(second.input, scale=127.0))
    successor = LiveModel.open(2, replace(found, devices=(first, other)))
    with pytest.raises(ProtocolError, match=r"input.scale of link 1 = 127.0, and the one in use 255.0"):
        successor.check_can_follow(model)
