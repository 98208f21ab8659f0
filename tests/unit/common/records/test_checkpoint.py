import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError, RunFailedError
from splitwave.common.records.checkpoint import check_state_dir, combined_sha256, load_part, save_part, weights_sha256
from splitwave.common.records.manifest import Manifest


def network(value: float = 0.5) -> nn.Linear:
    linear = nn.Linear(2, 3)
    nn.init.constant_(linear.weight, value)
    nn.init.constant_(linear.bias, -value)
    return linear


def test_a_saved_part_is_loaded_bit_for_bit(tmp_path: Path) -> None:
    digest = save_part(tmp_path / "part", network())
    other = network(0.25)
    load_part(tmp_path / "part", other, digest)
    assert torch.equal(other.weight, network().weight)
    assert weights_sha256(other) == digest
    assert list(tmp_path.iterdir()) == [tmp_path / "part"]


def test_every_bit_of_every_weight_changes_the_digest() -> None:
    changed = network()
    with torch.no_grad():
        changed.weight[1, 1] = torch.nextafter(changed.weight[1, 1], torch.tensor(1.0))
    assert weights_sha256(changed) != weights_sha256(network())
    assert combined_sha256(["a", "b"]) != combined_sha256(["b", "a"])


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    with pytest.raises(RunFailedError, match="training diverged: weight is not finite"):
        save_part(tmp_path / "part", network(float("nan")))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_refused_early(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match=r"--state \S+: no checkpoint can be written there"):
        check_state_dir(tmp_path / "file" / "state", "--state")
    check_state_dir(tmp_path / "new" / "state", "--state")
    assert not list((tmp_path / "new" / "state").iterdir())


def test_a_damaged_part_and_a_part_of_another_network_are_refused(tmp_path: Path) -> None:
    digest = save_part(tmp_path / "part", network())
    with pytest.raises(CheckpointError, match="not a checkpoint part of this network"):
        load_part(tmp_path / "part", nn.Linear(2, 4), digest)
    content = (tmp_path / "part").read_bytes()
    (tmp_path / "part").write_bytes(content[:-3])
    with pytest.raises(CheckpointError, match="not a checkpoint part"):
        load_part(tmp_path / "part", network(), digest)
    (tmp_path / "part").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="holds weights"):
        load_part(tmp_path / "part", network(), digest)


class TestManifest:
    manifest = Manifest(7, RunConfig().canonical_json(), ("a", "b"), "c", ("id-a", "id-b"))

    def test_a_published_manifest_can_be_read_until_it_is_withdrawn(self, tmp_path: Path) -> None:
        self.manifest.publish(tmp_path)
        assert Manifest.read(tmp_path) == self.manifest
        Manifest.withdraw(tmp_path)
        with pytest.raises(CheckpointError, match="no published checkpoint there"):
            Manifest.read(tmp_path)

    def test_the_manifest_of_an_earlier_version_names_no_devices(self, tmp_path: Path) -> None:
        self.manifest.publish(tmp_path)
        path = tmp_path / "checkpoint.json"
        fields = json.loads(path.read_text())
        del fields["device_ids"]
        path.write_text(json.dumps(fields))
        assert Manifest.read(tmp_path) == replace(self.manifest, device_ids=())

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("{}", "it lacks 'step'"),
            ("[", "not a checkpoint manifest"),
            (
                '{"step": 1, "settings_json": "{}", "device_sha256": ["a"], "basestation_sha256": "c"}',
                "1 device parts for 2",
            ),
            (
                '{"step": 1, "settings_json": "{\\"x\\": 1}", "device_sha256": [], "basestation_sha256": ""}',
                "this version",
            ),
        ],
    )
    def test_a_damaged_manifest_is_refused(self, content: str, message: str, tmp_path: Path) -> None:
        (tmp_path / "checkpoint.json").write_text(content)
        with pytest.raises(CheckpointError, match=message):
            Manifest.read(tmp_path)

    def test_the_error_names_settings_that_differ_from_those_of_the_training(self, tmp_path: Path) -> None:
        self.manifest.check_fits(RunConfig(seed=9), tmp_path)
        with pytest.raises(CheckpointError, match="trained with links = 2, this run has 4"):
            self.manifest.check_fits(RunConfig(links=4), tmp_path)

    def test_other_noise_of_a_view_does_not_differ_but_another_view_does(self, tmp_path: Path) -> None:
        noisy, other, columns = (
            RunConfig.model_validate({"data": {"noise": 0.1, **more}})
            for more in ({}, {"seed": 4}, {"view": "columns"})
        )
        manifest = replace(self.manifest, settings_json=noisy.canonical_json())
        manifest.check_fits(other, tmp_path)
        with pytest.raises(CheckpointError, match=r"trained with data\.view = rows, this run has columns"):
            manifest.check_fits(columns, tmp_path)
