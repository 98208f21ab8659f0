"""Every process reports a full disk by its path. Tests that may not mount a small disk use /dev/full."""

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from torch import nn

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import DiskFullError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.files.full_disk import has_no_space, naming_full_disk
from splitwave.common.records.checkpoint import save_part
from splitwave.common.records.manifest import Manifest
from splitwave.testbed.processes.process_death import Death
from splitwave.testbed.results.results_folder import ResultsFolder
from tests.installed_command import SPLITWAVE

KIB = 1024
SERVICE = """
import argparse, sys
from splitwave.common.runtime.process import run_service
def main():
    print("a line of a log", file=sys.stderr)
    with open("/dev/full", "w") as file:
        file.write("a checkpoint")
sys.exit(run_service("device", argparse.Namespace(log_format="json", lifeline=False), main))
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("not allowed to mount a disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@dataclasses.dataclass
class Dead:
    """A process that has ended."""

    log: Path
    role: str = "channel"


def test_a_checkpoint_part_that_does_not_fit_is_an_error_with_its_path_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / ".device-0.safetensors.partial").symlink_to("/dev/full")

    with pytest.raises(DiskFullError, match=f"the disk that holds {tmp_path}/device-0.safetensors is full: No space"):
        save_part(tmp_path / "device-0.safetensors", nn.Linear(2, 2))

    assert list(tmp_path.iterdir()) == []


def test_a_manifest_that_does_not_fit_publishes_nothing(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint.json.partial").symlink_to("/dev/full")

    with pytest.raises(DiskFullError, match=f"the disk that holds {tmp_path} is full"):
        Manifest(9, RunConfig().canonical_json(), ("a", "b"), "c").publish(tmp_path)

    assert not (tmp_path / "checkpoint.json").exists()


def test_other_errors_of_a_write_are_unchanged(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), naming_full_disk(tmp_path):
        (tmp_path / "none" / "file").write_text("")


@pytest.mark.parametrize("log", ["/dev/null", "/dev/full"])
def test_a_service_on_a_full_disk_has_the_exit_code_for_it_even_if_its_log_cannot_be_written(log: str) -> None:
    with Path(log).open("w") as file:
        code = subprocess.run([sys.executable, "-c", SERVICE], stderr=file, check=False).returncode

    assert code == ExitCode.DISK_FULL


def test_the_report_of_a_dead_process_says_if_the_disk_of_its_log_was_full(small_disk: Path) -> None:
    dead = Dead(small_disk / "channel.log")
    dead.log.touch()
    with_space = str(Death(dead, 1).error())
    (small_disk / "filler").write_bytes(bytes(16 * KIB))

    assert not with_space.endswith("so the log may be incomplete)")
    assert str(Death(dead, 1).error()).endswith(
        f"(its log is empty)\n  (the disk that holds {small_disk} has no space left, so the log may be incomplete)"
    )


def test_only_a_full_disk_has_no_space(small_disk: Path, tmp_path: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(16 * KIB))

    assert has_no_space(small_disk)
    assert not has_no_space(tmp_path)
    assert not has_no_space(tmp_path / "none")


@pytest.mark.e2e
def test_the_error_for_results_that_do_not_fit_names_their_folder(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(4 * KIB))
    results = small_disk / "results"
    command: list[str | Path] = [SPLITWAVE, "demo", "--set", "training.epochs=1", "--results", results]

    answer = subprocess.run(command, capture_output=True, text=True, check=False)

    assert answer.returncode == ExitCode.DISK_FULL
    assert answer.stderr == f"error: the disk that holds {results} is full: No space left on device\n"
    assert not results.exists()


def test_a_results_folder_that_cannot_be_created_leaves_no_files(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes(12 * KIB))

    with pytest.raises(DiskFullError, match=f"the disk that holds {small_disk}/results is full"):
        ResultsFolder(small_disk / "results", "demo", RunConfig(), None)

    assert not (small_disk / "results").exists()


def test_records_from_before_the_disk_was_full_are_kept(small_disk: Path) -> None:
    full = DiskFullError(f"the disk that holds {small_disk} is full")
    with pytest.raises(DiskFullError) as caught:
        fill(ResultsFolder(small_disk, "demo", RunConfig(), None), full)

    (kept,) = (small_disk / "demo").iterdir()
    assert kept.name.endswith(".unfinished")
    assert (kept / "metrics.jsonl").read_text() == "{}\n"
    assert not (kept / "unfinished.json").exists()  # the disk had no space for it
    assert caught.value.__notes__ == [f"the unfinished run is kept in {kept}"]


def fill(folder: ResultsFolder, error: DiskFullError) -> None:
    """Write the record of an epoch, then fill the disk with logs and raise the error."""
    with folder:
        folder.metrics.write_text("{}\n")
        with (folder.logs / "filler").open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(KIB))
        raise error
