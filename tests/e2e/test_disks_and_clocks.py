"""Runs on disks that fill up or become read-only, on several file systems, and under a clock that is set back."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.installed_command import ENVIRONMENT, SHORT, SMALL, SPLITWAVE, output_of, summary_in
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

ENDLESS = (*SMALL, "--set", "training.epochs=9999")
CLOCK_SOURCE = Path(__file__).with_name("set_clock.c")
KEPT = "the unfinished run is kept in "


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MiB, which can be made read-only."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, check=False
    ).returncode:
        pytest.skip("not allowed to mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def started(*arguments: str | Path, env: Mapping[str, str] = ENVIRONMENT) -> Iterator["subprocess.Popen[str]"]:
    """A command after its first epoch."""
    pipe = subprocess.PIPE
    with subprocess.Popen([SPLITWAVE, *arguments], stdout=pipe, stderr=pipe, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            assert re.match(r"epoch +1/", process.stdout.readline())
            yield process
        finally:
            process.kill()


def fill(folder: Path) -> None:
    with (folder / "filler").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


@pytest.mark.parametrize("engine", ["process", "inprocess"])
def test_a_disk_that_fills_up_in_an_epoch_keeps_all_earlier_epochs(disk: Path, engine: str) -> None:
    results = disk / "results"
    with started("demo", "--engine", engine, *ENDLESS, "--results", results) as process:
        fill(disk)
        printed, errors = process.communicate(timeout=LIMIT_S)

    assert process.returncode == ExitCode.DISK_FULL
    first, second = errors.splitlines()
    assert first == f"error: the disk that holds {results} is full: No space left on device"
    kept = Path(second.removeprefix(KEPT))
    epochs = [json.loads(line)["epoch"] for line in (kept / "metrics.jsonl").read_text().splitlines()]
    assert epochs == list(range(1 + len(re.findall(r"^epoch ", printed, re.MULTILINE))))
    assert all(picture.stat().st_size for picture in (kept / "figs").iterdir())


def test_a_folder_that_becomes_read_only_keeps_what_was_measured(disk: Path) -> None:
    bind = ["mount", "--bind", str(disk), str(disk)]
    subprocess.run(bind, check=True)
    try:
        results = disk / "results"
        with started("demo", "--engine", "inprocess", *ENDLESS, "--results", results) as process:
            # Only the in-process engine has no file open here for writing, which the kernel would not allow.
            subprocess.run(["mount", "-o", "remount,ro,bind", str(disk)], check=True)
            _, errors = process.communicate(timeout=LIMIT_S)
        first, second = errors.splitlines()
        kept = Path(second.removeprefix(KEPT))

        assert process.returncode == ExitCode.CONFIG
        assert first.startswith(f"error: --results {results}: can no longer be written to: ")
        assert kept.name.endswith(".partial")
        assert json.loads((kept / "metrics.jsonl").read_text().splitlines()[0])["epoch"] == 0
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_read_only_results_folder_is_refused_before_the_run(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    command: list[str | Path] = [SPLITWAVE, "demo", *SHORT, "--results", disk / "results"]

    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=LIMIT_S)

    assert (answer.returncode, answer.stdout) == (ExitCode.CONFIG, "")
    (line,) = answer.stderr.splitlines()
    assert line.startswith(f"error: --results {disk}/results: cannot be written to: ")
    assert line.endswith("; name another folder")


def test_results_may_be_on_another_file_system(disk: Path, tmp_path: Path) -> None:
    (tmp_path / "results").symlink_to(disk, target_is_directory=True)
    assert disk.stat().st_dev != tmp_path.stat().st_dev

    summary = summary_in(output_of("demo", *SHORT, "--results", tmp_path / "results", limit_s=LIMIT_S))

    (folder,) = (disk / "demo").iterdir()
    assert Path(summary["results"]).resolve() == folder
    assert (folder / "ckpt" / "checkpoint.json").is_file()


@pytest.fixture
def clock(tmp_path: Path) -> Mapping[str, str]:
    """Variables under which a process and its children have another wall clock, set back once a file exists."""
    library = tmp_path / "set_clock.so"
    compiler = ["cc", "-shared", "-fPIC", "-o", str(library), str(CLOCK_SOURCE)]
    try:
        subprocess.run(compiler, check=True, capture_output=True)
    except OSError:
        pytest.skip("no C compiler is installed")
    return {**ENVIRONMENT, "LD_PRELOAD": str(library), "CLOCK_SET_BACK": str(tmp_path / "set-back")}


def test_a_clock_that_is_set_back_by_an_hour_changes_nothing_in_a_run(clock: Mapping[str, str], tmp_path: Path) -> None:
    undisturbed = summary_in(output_of("demo", *SHORT, "--results", tmp_path / "undisturbed", limit_s=LIMIT_S))
    with started("demo", *SHORT, "--results", tmp_path / "results", env=clock) as process:
        Path(clock["CLOCK_SET_BACK"]).touch()
        printed, errors = process.communicate(timeout=LIMIT_S)

    assert process.returncode == ExitCode.OK, errors
    summary = summary_in(printed)
    folder = Path(summary["results"])
    assert clock_went_back((folder / "logs" / "basestation.log").read_text())
    assert summary["weights_sha256"] == undisturbed["weights_sha256"]
    epochs = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [0 < epoch["seconds"] < LIMIT_S for epoch in epochs] == [True, True]
    hops = [row.split(",") for row in (folder / "figs" / "latency.csv").read_text().splitlines()[1:]]
    assert all(0 <= int(hop) < LIMIT_S * 1e9 for row in hops for hop in row)


def clock_went_back(log: str) -> bool:
    times = [json.loads(line)["timestamp"] for line in log.splitlines()]
    return times != sorted(times)
