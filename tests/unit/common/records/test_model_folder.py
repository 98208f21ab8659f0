"""The model folder: a valid one is read as it was written, and any damage or forgery is found."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from splitwave.common.errors import CheckpointError, ConfigError, DataError
from splitwave.common.records.link_format import ConditionsFormat
from splitwave.common.records.model_folder import ModelManifest, read_device_part, read_model, read_station_part
from splitwave.common.records.model_signature import SIGNATURE_FILE, signature_tree
from splitwave.common.records.part_format import InputFormat, TaskFormat
from splitwave.common.tasks.regression import Regression
from splitwave.common.tasks.vector_regression import VectorRegression
from tests.unit.common.records.written_models import GRID, change_part, write_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_model(tmp_path)
    return tmp_path


def sign(manifest: Path, key: Ed25519PrivateKey) -> Path:
    """Write the signature of a manifest, and the key that checks it."""
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    tree = signature_tree(manifest.name, key.sign(manifest.read_bytes()), pem)
    (manifest.parent / SIGNATURE_FILE).write_text(json.dumps(tree), encoding="utf-8")
    public = manifest.parent / "public.pem"
    public.write_text(pem, encoding="utf-8")
    return public


def test_a_model_is_read_as_it_was_written(folder: Path) -> None:
    model = read_model(folder)
    assert [part.link for part in model.devices] == [0, 1]
    facts = [*(part.facts for part in model.devices), model.station.facts]
    assert {each.version for each in facts} == {model.manifest.version}
    assert len(model.manifest.version) == 12
    assert (model.devices[1].grid, model.devices[1].input) == (GRID, InputFormat((1, 2, 3)))
    assert read_device_part(folder / "device-1") == model.devices[1]
    assert read_station_part(folder / "basestation") == model.station


def test_the_version_follows_from_the_contents(folder: Path, tmp_path: Path) -> None:
    again, changed = tmp_path / "again", tmp_path / "changed"
    manifest = write_model(again)
    assert manifest.version == read_model(folder).manifest.version
    write_model(changed)
    (changed / "device-0" / "encoder.onnx").write_bytes(b"other weights")
    with pytest.raises(CheckpointError, match=r"encoder\.onnx: has SHA-256 .*…, its manifest says .*…"):
        read_model(changed)


@pytest.mark.parametrize(
    "name", ["model.json", "device-0/part.json", "device-1/encoder.onnx", "basestation/decoder.onnx"]
)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=rf"{name}: cannot be read: No such file"):
        read_model(folder)


def test_a_part_of_another_model_is_refused(folder: Path) -> None:
    path = folder / "model.json"
    tree = json.loads(path.read_bytes())
    path.write_text(json.dumps({**tree, "config": '{"seed":1}'}), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"device-0/part\.json: its settings_json is not that of model\.json"):
        read_model(folder)
    path.write_text(json.dumps({**tree, "version": "0" * 12}), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"device-0/part\.json: its version is not that of model\.json"):
        read_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format = 2: expected 1, the format of this version; export the run again"),
        ({"party": "basestation"}, "party = 'basestation': expected device"),
        ({"version": "../../etc"}, r"version = '\.\./\.\./etc': expected 12 hexadecimal digits"),
        ({"links": 65}, "links = 65: expected a whole number from 1 to 64"),
        ({"link": 2}, "link = 2: expected a whole number from 0 to 1"),
        ({"bits": 3}, "bits = 3: expected 2, for 3 breakpoints"),
        ({"breakpoints": [0.5, 0.0, -0.5]}, "expected float32 numbers in ascending order"),
        ({"breakpoints": [-0.5, 0.1, 0.5]}, "expected float32 numbers in ascending order"),
        ({"levels": [-1.0, 0.0, 1.0]}, r"levels = \[-1.0, 0.0, 1.0\]: expected a list of 4"),
        ({"levels": [-2.0, -0.25, 0.25, 1.0]}, "levels = .*: expected numbers from -1 to 1"),
        ({"files": {"../encoder.onnx": "0" * 64}}, "files.'../encoder.onnx': no such value in this format"),
        ({"files": {}}, "it lacks files.encoder.onnx"),
        ({"more": 1}, "'more': no such value in this format"),
        ({"weights_sha256": "x" * 64}, "weights_sha256 = .*: expected 64 hexadecimal digits"),
        ({"settings": 1}, "settings = 1: expected text"),
    ],
)
def test_a_wrong_value_of_a_part_is_named(folder: Path, change: dict[str, object], message: str) -> None:
    change_part(folder / "device-0", change)
    with pytest.raises(CheckpointError, match=rf"device-0/part\.json: {message}|device-0/part\.json: .*{message}"):
        read_device_part(folder / "device-0")


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("task", {"classes": 0}, r"task\.classes = 0: expected a whole number from 1 to 65535"),
        ("task", {"name": "poetry"}, r"task\.name = 'poetry': expected classification"),
        ("task", {"answer_dtype": "uint16"}, r"task\.answer_dtype = 'uint16': expected uint8"),
        ("input", {"features": 7}, r"input\.features = 7: expected the product of shape = \(1, 2, 3\)"),
        ("input", {"shape": [1 << 20, 1 << 20, 1 << 20]}, r"input\.features = 6: expected the product"),
        ("input", {"scale": 0}, r"input\.scale = 0: expected a positive number"),
        ("input", {"mean": [0.5]}, r"input\.deviation = \[\]: expected as many positive numbers as mean has"),
        ("conditions", {"betas": [1e-3, -1]}, r"conditions\.betas = .*: expected numbers within beta_range"),
        ("conditions", {"beta_range": [1]}, r"conditions\.beta_range = \[1\]: expected none, or two"),
        ("conditions", {"as_input": True}, r"conditions\.as_input = True: expected false"),
        ("conditions", {"log_noise_variances": [1]}, r"conditions\.log_noise_variances = \[1\]: expected none, or one"),
        ("blocks", {"wire_dtype": "float16"}, r"blocks\.wire_dtype = 'float16': expected one of float32, bfloat16"),
        ("blocks", {"draws": 0}, r"blocks\.draws = 0: expected a whole number from 1"),
    ],
)
def test_a_wrong_value_of_a_section_is_named(
    folder: Path, section: str, change: dict[str, object], message: str
) -> None:
    tree = json.loads((folder / "device-0" / "part.json").read_bytes())
    change_part(folder / "device-0", {section: {**tree[section], **change}})
    with pytest.raises(CheckpointError, match=rf"part\.json: {message}"):
        read_device_part(folder / "device-0")


def test_a_manifest_with_a_path_of_its_own_is_refused(folder: Path) -> None:
    tree = json.loads((folder / "model.json").read_bytes())
    parts = {**tree["parts"], "../../etc/passwd": "0" * 64}
    (folder / "model.json").write_text(json.dumps({**tree, "parts": parts}), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"model\.json: parts\.'\.\./\.\./etc/passwd': no such value"):
        read_model(folder)


def test_only_the_trusted_key_signs(folder: Path) -> None:
    part = folder / "device-0"
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    trusted = sign(part / "part.json", key)
    assert read_device_part(part, trusted).link == 0
    assert read_device_part(part, part / SIGNATURE_FILE).link == 0
    theirs = sign(folder / "model.json", other)
    with pytest.raises(CheckpointError, match=r"part\.json: not signed by the key in .*public\.pem"):
        read_device_part(part, theirs)
    with pytest.raises(CheckpointError, match=r"model\.json: not signed by the key in "):
        read_model(folder, trusted)
    assert read_model(folder, theirs).manifest.links == 2


def test_a_changed_or_unsigned_manifest_is_refused_if_a_key_is_trusted(folder: Path) -> None:
    part = folder / "device-0"
    trusted = sign(part / "part.json", Ed25519PrivateKey.generate())
    change_part(part, {"weights_sha256": "1" * 64})
    with pytest.raises(CheckpointError, match=r"part\.json: not signed by the key in "):
        read_device_part(part, trusted)
    with pytest.raises(CheckpointError, match=r"device-1/signature\.json: cannot be read: No such file"):
        read_device_part(folder / "device-1", trusted)


def test_what_is_no_public_key_is_refused(folder: Path) -> None:
    (folder / "key").write_text("no key", encoding="utf-8")
    for name, reason in (
        ("key", "expected an Ed25519 public key in PEM form"),
        ("none", "cannot be read: No such file"),
    ):
        with pytest.raises(ConfigError, match=rf"^trusted key .*{name}: {reason}"):
            read_device_part(folder / "device-0", folder / name)


def test_a_trusted_key_without_the_package_that_checks_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.ed25519", None)
    with pytest.raises(ConfigError, match=r"^trusted key .*: to check signatures, install the package cryptography"):
        read_device_part(folder / "device-0", folder / "public.pem")
    assert read_device_part(folder / "device-0").link == 0


def test_reading_a_model_imports_neither_torch_nor_what_a_board_lacks() -> None:
    code = (
        "import sys, splitwave.common.records.model_folder;"
        "import splitwave.device.inference.onnx_encoder, splitwave.device.inference.encoder;"
        "lacks = {'torch', 'pydantic', 'structlog', 'yaml', 'safetensors', 'cryptography', 'grpc', 'onnx'};"
        "print(sorted(lacks & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_manifests_survive_a_round_trip() -> None:
    manifest = ModelManifest("0" * 12, 1, "{}", {"device-0/part.json": "1" * 64, "basestation/part.json": "2" * 64})
    assert dict(manifest.tree())["parts"] == manifest.parts


def test_tasks_are_those_of_the_run() -> None:
    times = TaskFormat("propagation-time", 0, ("time",), ("ns",), (1.5,), (2.0,))
    assert times.task() == Regression(1.5, 2.0)
    two = TaskFormat("quantities", 0, ("x", "y"), ("m", "m"), (0.0, 1.0), (1.0, 2.0))
    assert two.task() == VectorRegression(("x", "y"), ("m", "m"), (0.0, 1.0), (1.0, 2.0))
    assert [times.answer_dtype, TaskFormat("classification", 300).answer_dtype] == ["float32", "uint16"]


def test_a_sample_of_a_sensor_becomes_the_inputs_of_the_network() -> None:
    plain = InputFormat((1, 1, 3))
    pixels = np.array([0, 51, 255], np.uint8)
    for shape in ((3,), (1, 3), (1, 1, 3)):
        assert plain.features_of(pixels.reshape(shape)).tolist() == [0.0, np.float32(0.2), 1.0]
    assert plain.features_of(np.array([0.5, -1, 2], np.float32)).tolist() == [0.5, -1.0, 2.0]
    colours = InputFormat((2, 1, 1), mean=(0.5, 1.0), deviation=(0.5, 2.0))
    assert colours.features_of(np.array([[[255]], [[255]]], np.uint8)).tolist() == [1.0, 0.0]


def test_another_sample_is_refused() -> None:
    wanted = InputFormat((1, 2, 3))
    with pytest.raises(DataError, match=r"a sample of shape \(5,\), float32: expected uint8 or float32 of shape"):
        wanted.features_of(np.zeros(5, np.float32))
    with pytest.raises(DataError, match="a sample with a value that is not finite"):
        wanted.features_of(np.full(6, np.inf, np.float32))


def test_conditions_are_logarithms_by_link() -> None:
    both = ConditionsFormat((1e-3, 1e-2), (1e-4, 1e-1), (-1.0, -2.0), as_input=True)
    assert both.row(1, 1e-2).tolist() == [[np.float32(np.log(1e-2)), -2.0]]
    assert both.rows().shape == (1, 4)
    assert ConditionsFormat((1e-3,), None, (), as_input=False).rows().shape == (1, 0)
