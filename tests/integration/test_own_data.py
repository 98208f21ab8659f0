"""Runs on data of a user's own: over the wire and in one process, to the bit."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest

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
from tests.integration.files_of_a_user import (
    SOURCES_OF_DATA,
    TEST,
    TRAIN,
    Write,
    save,
    write_classes,
    write_idx,
    write_quantities,
    write_sensors,
)
from tests.integration.testbed import TinyData, run_distributed


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
        Ready(TRAIN, TEST, load_views(config, [link], tmp_path / name).of(link).data_digest)
        for link, name in enumerate("ab")
    ]
    admission = Admission(config, "run", (TRAIN, TEST), labels.data_digest)
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

    given, labels = model.test_samples(tmp_path)
    for array, expected in zip([given] if len(inputs) == 1 else given, inputs, strict=True):
        np.testing.assert_array_equal(np.ravel(array), np.ravel(expected).astype(array.dtype))
    np.testing.assert_array_equal(labels, targets)
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
