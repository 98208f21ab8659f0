"""Checkpoints on their way to and from the containers' volume."""

import io
import tarfile
from pathlib import Path

from splitwave.testbed.compose.state_volume import OWNER, pack, unpack

FINAL = ("basestation.safetensors", "checkpoint.json", "device-0.safetensors")
TRAINING = ("step-000020/basestation.safetensors", "step-000020/device-0.safetensors", "step-000020/training.json")
OTHERS = (
    ".device-0.safetensors.partial",
    "device.id",
    "shared-1.id",
    "step-000020/.basestation.safetensors.partial",
    "step-000030/device-0.safetensors",
)


def write(folder: Path, *names: str, content: str = "new") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content} {name}")


def files_in(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def volume(source: Path) -> io.BytesIO:
    """The archive that the engine makes of the state folder, with everything in it."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(source, "splitwave")
    archive.seek(0)
    return archive


def test_checkpoints_are_copied_without_ids_of_devices_and_partial_files(tmp_path: Path) -> None:
    source, there, back = tmp_path / "source", tmp_path / "there", tmp_path / "back"
    write(source, *FINAL, *TRAINING, *OTHERS)
    expected = {name: f"new {name}" for name in (*FINAL, *TRAINING)}

    unpack(io.BytesIO(pack(source)), there)
    unpack(volume(source), back)

    assert files_in(there) == expected
    assert files_in(back) == expected


def test_everything_in_the_volume_belongs_to_the_user_of_the_images(tmp_path: Path) -> None:
    write(tmp_path, *FINAL, *TRAINING)
    with tarfile.open(fileobj=io.BytesIO(pack(tmp_path))) as tar:
        members = {member.name: (member.uid, member.gid, member.mode) for member in tar}

    assert members["step-000020"] == (OWNER, OWNER, 0o755)  # else the engine would make it, for root alone
    assert {mode for name, mode in members.items() if name != "step-000020"} == {(OWNER, OWNER, 0o644)}
    assert list(members).index("step-000020") < list(members).index("step-000020/training.json")


def test_parts_without_a_manifest_leave_the_checkpoint_that_was_there(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    write(target, *FINAL, *TRAINING, content="old")
    write(source, *(name for name in (*FINAL, *TRAINING) if not name.endswith(".json")))

    unpack(volume(source), target)

    assert files_in(target) == {name: f"old {name}" for name in (*FINAL, *TRAINING)}


def test_a_newer_checkpoint_of_the_training_takes_the_place_of_the_older_one(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    write(target, "step-000010/device-0.safetensors", "step-000010/training.json", content="old")
    write(source, *TRAINING)

    unpack(volume(source), target)

    assert files_in(target) == {name: f"new {name}" for name in TRAINING}


def test_an_empty_volume_makes_no_folder(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    unpack(volume(tmp_path / "source"), tmp_path / "target")
    assert not (tmp_path / "target").exists()
