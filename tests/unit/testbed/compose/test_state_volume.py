"""Checkpoints on their way to and from the containers' volume."""

from pathlib import Path

from splitwave.testbed.compose.state_volume import pack, unpack

CHECKPOINT = ("basestation.safetensors", "checkpoint.json", "device-0.safetensors")
OTHERS = (".device-0.safetensors.partial", "device.id", "shared-1.id")


def test_a_checkpoint_is_copied_without_the_ids_of_devices_and_partial_files(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    for folder in (source, target):
        folder.mkdir()
    for name in (*CHECKPOINT, *OTHERS):
        (source / name).write_text(f"content of {name}")

    unpack(pack(source), target)

    assert {path.name: path.read_text() for path in target.iterdir()} == {
        name: f"content of {name}" for name in CHECKPOINT
    }
