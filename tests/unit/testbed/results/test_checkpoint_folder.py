"""Finding and checking a checkpoint before any process starts."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.records.checkpoint import save_part, weights_sha256
from splitwave.common.records.manifest import BASESTATION_PART, Manifest, device_part
from splitwave.testbed.cli import app
from splitwave.testbed.results.checkpoint_folder import find_checkpoint, part_sha256, read_checkpoint


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A results folder with a checkpoint of two devices."""
    folder = tmp_path / "run"
    checkpoint = folder / "ckpt"
    checkpoint.mkdir(parents=True)
    (folder / "config.yaml").touch()
    devices = tuple(save_part(checkpoint / device_part(link), nn.Linear(2, 3)) for link in range(2))
    basestation = save_part(checkpoint / BASESTATION_PART, nn.Linear(4, 5))
    Manifest(7, RunConfig().canonical_json(), devices, basestation).publish(checkpoint)
    return folder


@pytest.mark.parametrize(
    "named", ["", "ckpt", "ckpt/checkpoint.json", "ckpt/device-0.safetensors", "config.yaml", "ckpt/../ckpt"]
)
def test_a_checkpoint_is_found_by_any_of_its_names(named: str, run: Path) -> None:
    assert find_checkpoint(run / named) == run / "ckpt"


def test_a_checkpoint_is_found_from_within_its_folder(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run / "ckpt")
    assert find_checkpoint(Path("checkpoint.json")) == find_checkpoint(Path()) == run / "ckpt"


def test_an_empty_folder_named_ckpt_inside_a_checkpoint_is_ignored(run: Path) -> None:
    (run / "ckpt" / "ckpt").mkdir()
    assert find_checkpoint(run / "ckpt") == run / "ckpt"


def test_a_folder_without_a_checkpoint_is_refused_with_the_searched_files(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as error:
        find_checkpoint(tmp_path)
    assert str(error.value) == (
        f"--checkpoint {tmp_path}: no published checkpoint there: looked for {tmp_path}/ckpt/checkpoint.json and "
        f"{tmp_path}/checkpoint.json"
    )
    with pytest.raises(CheckpointError, match=rf"^--checkpoint {tmp_path}/none: no such folder or file$"):
        find_checkpoint(tmp_path / "none")


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_a_part_has_the_same_digest_with_and_without_torch(dtype: torch.dtype, tmp_path: Path) -> None:
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1, bias=False)).to(dtype)
    network.register_buffer("scale", torch.tensor(0.5))
    save_part(tmp_path / "part", network)
    assert part_sha256(tmp_path / "part") == weights_sha256(network)


def test_a_whole_checkpoint_is_read(run: Path) -> None:
    assert read_checkpoint(run / "ckpt").step == 7


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def _change_a_bit(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize(
    ("file", "damage", "cause"),
    [
        ("device-1.safetensors", _truncate, "not a checkpoint part: "),
        ("basestation.safetensors", _truncate, "not a checkpoint part: "),
        ("device-0.safetensors", _change_a_bit, "holds weights "),
        ("basestation.safetensors", Path.unlink, "no such checkpoint part"),
        ("checkpoint.json", _truncate, "not a checkpoint manifest: "),
    ],
)
def test_a_damaged_checkpoint_is_refused_in_one_line_before_anything_starts(
    file: str, damage: Callable[[Path], None], cause: str, run: Path, tmp_path: Path
) -> None:
    path = run / "ckpt" / file
    damage(path)

    result = CliRunner().invoke(app, ["infer", f"--checkpoint={run}", f"--results={tmp_path / 'results'}"])

    assert result.exit_code == ExitCode.CHECKPOINT
    (line,) = result.output.splitlines()
    assert line.startswith(f"error: {path}: {cause}")
    assert not (tmp_path / "results").exists()
