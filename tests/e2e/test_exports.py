"""Exports at full size: 10,000 digits of MNIST, and networks of a user's own, by torch's exporter."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

import splitwave as sw
from splitwave.common.errors import DataError
from splitwave.common.records.model_folder import read_model
from splitwave.device.inference.onnx_encoder import OnnxEncoder
from splitwave.device.inference.torch_encoder import TorchEncoder
from splitwave.experiments.export.export import ExportRequest, export_run
from tests.limits import LIMIT_S
from tests.unit.common.learning.own_networks import networks_of_a_user
from tests.unit.experiments.export.exported_runs import exported, trained

pytestmark = pytest.mark.e2e
MODULE = networks_of_a_user.__name__
WITHOUT_TORCH = """
import sys
sys.modules.update(dict.fromkeys(("torch", "pydantic", "yaml", "structlog", "safetensors", "cryptography")))
from pathlib import Path
import numpy as np
from splitwave.device.inference.onnx_encoder import OnnxEncoder
encoder = OnnxEncoder.open(Path(sys.argv[1]))
x = encoder.part.input.features_of(np.arange(encoder.features, dtype=np.uint8))
print(encoder.encode(x).indices.tolist())
"""


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(scope="module")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> sw.TrainingResult:
    """One epoch of the published settings."""
    if "SPLITWAVE_DATA_DIR" not in os.environ:
        pytest.skip("SPLITWAVE_DATA_DIR names no folder with MNIST")
    settings = {"data": {"name": "mnist"}, "training": {"epochs": 1, "learning_rate": 1e-3}}
    try:
        return sw.train(settings, results=tmp_path_factory.mktemp("results"))
    except DataError as error:
        pytest.skip(str(error))


def test_ten_thousand_digits_have_the_levels_and_answers_of_torch(mnist: sw.TrainingResult, tmp_path: Path) -> None:
    data_dir = Path(os.environ["SPLITWAVE_DATA_DIR"])
    report = export_run(ExportRequest(mnist.folder / "ckpt", tmp_path / "model", 10_000, int8=True, data_dir=data_dir))
    assert report.proof.samples == 10_000
    *encoders, decoder = report.proof.comparisons
    for comparison in encoders:
        assert comparison.equal + comparison.different == 280_000
        assert comparison.faults == 0
        assert comparison.different < 28  # a tie in ten thousand levels at most
    assert (decoder.equal, decoder.faults) == (10_000 - decoder.different, 0)
    errors = report.proof.errors
    assert errors["torch"] == mnist.error  # the noise is that of the run's own test pass
    assert abs(errors["onnx"] - errors["torch"]) <= 1e-4
    assert errors["int8"] < errors["torch"] + 0.01


def test_a_board_without_torch_makes_the_levels_of_a_device_with_it(tmp_path: Path) -> None:
    trained({"links": 2, "encoder": {"dimension": 6}}, tmp_path / "ckpt")
    exported(tmp_path / "ckpt", tmp_path / "model")
    part = tmp_path / "model" / "device-1"
    command = [sys.executable, "-c", WITHOUT_TORCH, str(part)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr
    encoder = TorchEncoder.open(part)
    x = encoder.part.input.features_of(np.arange(encoder.features, dtype=np.uint8))
    assert done.stdout == f"{encoder.encode(x).indices.tolist()}\n"  # type: ignore[union-attr]


@pytest.mark.parametrize("encoder", ["small", "tied", "recurrent"])
def test_networks_of_a_user_are_exported_by_torch(encoder: str, tmp_path: Path) -> None:
    own = {
        "links": 2,
        "encoder": {"dimension": 6, "network": f"{MODULE}:{encoder}"},
        "decoder": {"network": f"{MODULE}:decoder"},
    }
    trained(own, tmp_path / "ckpt")
    report = exported(tmp_path / "ckpt", tmp_path / "model", python_path=Path())
    assert not any(each.faults for each in report.proof.comparisons)
    assert read_model(tmp_path / "model").manifest.version == report.version
    with pytest.raises(sw.SplitwaveError, match="only if it is started with --python-path"):
        TorchEncoder.open(tmp_path / "model" / "device-0")
    graph = (tmp_path / "model" / "device-0" / "encoder.onnx").read_bytes()
    assert b"networks_of_a_user" not in graph  # nothing about the machine that it was made on
    assert OnnxEncoder.open(tmp_path / "model" / "device-0").features == 392
