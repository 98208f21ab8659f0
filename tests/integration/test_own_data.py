"""Runs on data of a user's own: over the wire and in one process, to the bit."""

import asyncio
import gzip
import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import splitwave as sw
from splitwave.basestation.links.admission import Admission
from splitwave.basestation.service.base_station import open_labels
from splitwave.common.config.data_facts import with_data_facts
from splitwave.common.config.layers import load_config, to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError, DataError, ProtocolError
from splitwave.common.protocol.messages import PROTOCOL_VERSION, Hello, Ready
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.records.checkpoint import combined_sha256
from splitwave.common.tasks.classification import Classification
from splitwave.device.learning.views import load_views
from splitwave.experiments.inprocess_run import open_run
from splitwave.testbed.execution import RunRequest, execute
from tests.integration.testbed import TinyData, run_distributed

TRAIN, TEST = 40, 12
Write = Callable[[Path], dict[str, object]]


def config_of(data: dict[str, object], links: int = 2) -> RunConfig:
    return RunConfig.model_validate(
        {
            "links": links,
            "data": {"validation": 5, **data},
            "encoder": {"dimension": 4},
            "training": {"epochs": 2, "batch_size": 16, "micro_batches": 2},
            "inference": {"block_size": 5, "latency_samples": 4},
        }
    )


def draw(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)


def idx(array: NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def save(path: Path, **arrays: NDArray[Any]) -> None:
    np.savez_compressed(path, allow_pickle=False, **arrays)


def write_idx(folder: Path) -> dict[str, object]:
    raw = folder / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, count in (("train", TRAIN), ("t10k", TEST)):
        images, labels = draw(count, 9, 7), np.arange(count, dtype=np.uint8) % 3
        (raw / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels))
    return {"name": "idx"}


def write_classes(folder: Path) -> dict[str, object]:
    inputs = {"x_train": draw(TRAIN, 3, 6, 5), "x_test": draw(TEST, 3, 6, 5)}
    save(folder / "mine.npz", **inputs, y_train=np.arange(TRAIN) % 4, y_test=np.arange(TEST) % 4)
    return {"name": "npz", "path": "mine.npz"}


def write_many_classes(folder: Path) -> dict[str, object]:
    labels = np.array([299, *range(TRAIN - 1)], dtype=np.uint16)
    save(folder / "m.npz", x_train=draw(TRAIN, 4, 4), y_train=labels, x_test=draw(TEST, 4, 4), y_test=labels[:TEST])
    return {"name": "npz", "path": "m.npz", "classes": 300}


def write_quantities(folder: Path) -> dict[str, object]:
    rng = np.random.default_rng(5)
    arrays = {"x_train": rng.normal(size=(TRAIN, 10)), "x_test": rng.normal(size=(TEST, 10))}
    targets = {name.replace("x", "y"): array[:, :3] * [1, 10, 100] + 5 for name, array in arrays.items()}
    save(folder / "r.npz", **arrays, **targets)
    names, units = ["x", "y", "angle"], ["m", "m", "rad"]
    return {"name": "npz", "path": "r.npz", "names": names, "units": units, "standardise": True}


def write_sensors(folder: Path) -> dict[str, object]:
    """A camera, a microphone and a thermometer."""
    shapes = ((6, 5), (2, 1, 9), (3,))
    arrays = {
        f"x_{split}_{sensor}": draw(count, *shape) if sensor == 0 else draw(count, *shape).astype(np.float32)
        for split, count in (("train", TRAIN), ("test", TEST))
        for sensor, shape in enumerate(shapes)
    }
    save(folder / "s.npz", **arrays, y_train=np.arange(TRAIN) % 4, y_test=np.arange(TEST) % 4)
    return {"name": "npz", "path": "s.npz", "view": "sensors", "standardise": True}


def write_images(folder: Path) -> dict[str, object]:
    for place in range(48):
        path = folder / "flowers" / f"class {place % 7}" / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = ("RGB", "L", "RGBA")[place % 3]
        side = 20 + place % 45
        Image.fromarray(np.roll(draw(side, side, 3), place, axis=0)).convert(mode).save(path)
    (folder / "flowers" / "class 3" / "broken.png").write_bytes(b"\x89PNG")
    return {"name": "images", "path": "flowers", "size": [8, 8], "test_share": 0.25, "damaged_files": "skip"}


def write_cifar(folder: Path) -> dict[str, object]:
    for name, count in (("data_batch_1", TRAIN), ("test_batch", TEST)):
        content = {b"data": draw(count, 3072), b"labels": [n % 3 for n in range(count)]}
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))
    return {"name": "cifar", "standardise": True}


def samples(split: str, _data_dir: Path | None) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    count = TRAIN if split == "train" else TEST
    return draw(count, 6, 6), np.arange(count) % 3


def name_function(_folder: Path) -> dict[str, object]:
    return {"name": "python", "path": f"{__name__}:samples"}


SOURCES_OF_DATA = (
    write_idx, write_classes, write_many_classes, write_quantities, write_sensors, write_images, write_cifar,
    name_function,
)  # fmt: skip


@pytest.mark.parametrize("write", SOURCES_OF_DATA)
def test_a_run_over_the_wire_equals_one_in_one_process(write: Write, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    asked = config_of(write(data_dir), links=3 if write is write_sensors else 2)
    config = with_data_facts(asked, data_dir)
    oracle = open_run(asked, data_dir)
    list(oracle.train(lambda _: None))
    views = load_views(config, range(config.links), data_dir)

    data = TinyData([views.of(link) for link in range(config.links)], open_labels(config, data_dir))
    result = asyncio.run(run_distributed(config, data, tmp_path / "state"))

    assert oracle.config == config
    assert result.weights_sha256 == combined_sha256([*oracle.device_sha256, oracle.basestation_sha256])
    assert result.error == oracle.evaluate(Phase.TEST, 0, Symbols.HARD).error


def test_one_array_for_each_device_needs_the_view_sensors(tmp_path: Path) -> None:
    asked = config_of({**write_sensors(tmp_path), "view": "rows"}, links=3)
    with pytest.raises(ConfigError, match=r"data\.view = rows: expected a data set with one array .* the view sensors"):
        execute(RunRequest("own", asked, "inprocess", tmp_path, tmp_path / "results"))


def test_a_device_whose_files_differ_is_refused_at_the_handshake(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    config = with_data_facts(config_of(write_classes(tmp_path / "a")), tmp_path / "a")
    write_classes(tmp_path / "b")
    with np.load(tmp_path / "b" / "mine.npz") as arrays:
        changed = dict(arrays)
    changed["x_train"][7, 0, 0, 0] ^= 1
    save(tmp_path / "b" / "mine.npz", **changed)
    labels = open_labels(config, tmp_path / "a")
    ready = [
        Ready(TRAIN, TEST, load_views(config, [link], tmp_path / name).data_digest) for link, name in enumerate("ab")
    ]
    admission = Admission(config, "run", (TRAIN, TEST), labels.data_digest, restore=())
    sessions = [
        admission.connect(Hello(PROTOCOL_VERSION, f"device-{link}", "test", link, 4), "peer") for link in range(2)
    ]

    admission.admit(sessions[0], ready[0])
    with pytest.raises(ProtocolError, match=r"link 1 holds other data: \(40, 12\) samples with digest"):
        admission.admit(sessions[1], ready[1])


def test_a_base_station_needs_no_inputs_if_the_settings_record_their_digests(tmp_path: Path) -> None:
    config = with_data_facts(config_of(write_idx(tmp_path)), tmp_path)
    expected = open_labels(config, tmp_path)
    for images in (tmp_path / "FashionMNIST" / "raw").glob("*images*"):
        images.unlink()

    labels = open_labels(config, tmp_path)

    assert labels.data_digest == expected.data_digest
    assert labels.train.tolist() == expected.train.tolist()


def test_settings_record_what_was_found_and_can_be_read_back(tmp_path: Path) -> None:
    config = with_data_facts(config_of(write_quantities(tmp_path)), tmp_path)
    (tmp_path / "run.yaml").write_text(to_yaml(config), encoding="utf-8")

    again = load_config(tmp_path / "run.yaml", environment={})

    assert again == config
    assert again.config_hash == config.config_hash
    assert with_data_facts(again, None) is again
    assert RunConfig.from_handshake(config.canonical_json()).task == config.task
    assert config.view_shape == (1, 5, 1)


def test_a_run_is_recorded_with_shape_classes_and_digests(tmp_path: Path) -> None:
    folder = execute(RunRequest("own", config_of(write_idx(tmp_path)), "inprocess", tmp_path, tmp_path / "results"))

    config = load_config(folder / "config.yaml", environment={})
    environment = json.loads((folder / "env.json").read_text())
    assert (config.data.shape, config.task) == ([1, 9, 7], Classification(3))
    assert environment["data_sha256"] == dict(zip(("train", "test"), config.data.sha256 or (), strict=True))


@pytest.mark.parametrize("write", [write_classes, write_quantities, write_sensors])
def test_arrays_of_a_user_are_evaluated_as_the_test_split(write: Write, tmp_path: Path) -> None:
    data = write(tmp_path)
    config = config_of(data, links=3 if write is write_sensors else 2)
    model = sw.train(config, data_dir=tmp_path, results=tmp_path / "results").load()
    with np.load(tmp_path / str(data["path"])) as arrays:
        inputs = [arrays[name] for name in sorted(arrays) if name.startswith("x_test")]
        targets = arrays["y_test"]
    targets = targets.astype(np.float32 if targets.dtype.kind == "f" else np.int64)

    own = model.evaluate((inputs if len(inputs) > 1 else inputs[0], targets), psnr_db=[0, 10], noise_seeds=2)

    assert own.errors == model.evaluate(psnr_db=[0, 10], noise_seeds=2, data_dir=tmp_path).errors
    with pytest.raises(
        DataError, match=r"^inputs( of device 0)? have the shape \(C, H, W\) = \(1, 2, 2\), and the run"
    ):
        model.encode([np.zeros((3, 2, 2), np.uint8)] * 3 if len(inputs) > 1 else np.zeros((3, 2, 2), np.uint8))


def test_a_checkpoint_is_not_evaluated_on_other_data(tmp_path: Path) -> None:
    data = write_classes(tmp_path)
    config = with_data_facts(config_of(data), tmp_path)
    with np.load(tmp_path / "mine.npz") as arrays:
        changed = dict(arrays)
    changed["x_test"][0] = 0
    save(tmp_path / "mine.npz", **changed)

    with pytest.raises(DataError, match=r"npz mine\.npz: the test inputs have SHA-256 .* settings record"):
        execute(RunRequest("own", config, "inprocess", tmp_path, tmp_path / "results"))
    assert not (tmp_path / "results").exists()
