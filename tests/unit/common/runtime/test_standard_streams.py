"""Commands whose output cannot be written: the output is lost, but the work is done."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.installed_command import SPLITWAVE

SETTINGS = ("training.epochs=1", "encoder.dimension=4", "inference.latency_samples=10")
DEMO = ["demo", "--engine=inprocess", *(f"--set={setting}" for setting in SETTINGS), "--results"]
FULL = "standard output cannot be written to: No space left on device"
BOTH_CLOSED = 'exec "$0" "$@" >&- 2>&-'


@pytest.fixture
def unread() -> Iterator[int]:
    """The write end of a pipe whose read end is closed."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


@pytest.fixture
def full() -> Iterator[int]:
    """A device with no space left."""
    with Path("/dev/full").open("w") as device:
        yield device.fileno()


def run(command: list[str], output: int) -> tuple[int, str]:
    """Exit code and standard error of a command."""
    answer = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True, check=False)
    return answer.returncode, answer.stderr


def finished(results: Path) -> Path:
    """The results folder, which must be complete and the only one."""
    (folder,) = (results / "demo").iterdir()
    assert (folder / "summary.json").is_file()
    assert (folder / "figs" / "latency.png").is_file()
    return folder


@pytest.mark.parametrize("command", ["experiment list", "config schema", "--help"])
def test_a_pipe_without_a_reader_is_no_error(unread: int, command: str) -> None:
    assert run([str(SPLITWAVE), *command.split()], unread) == (ExitCode.OK, "")


def test_a_command_that_only_prints_fails_if_its_output_cannot_be_written(full: int) -> None:
    assert run([str(SPLITWAVE), "experiment", "list"], full) == (ExitCode.FAILURE, f"error: {FULL}\n")


@pytest.mark.e2e
@pytest.mark.needs_torch
def test_tools_handle_their_output_like_commands(unread: int, full: int) -> None:
    tool = [sys.executable, "-m", "splitwave.benchmarks.core", "--batch=16", "--repetitions=1"]

    assert run(tool, unread) == (ExitCode.OK, "")
    assert run(tool, full) == (ExitCode.FAILURE, f"error: {FULL}\n")


@pytest.mark.e2e
@pytest.mark.needs_torch
def test_a_run_continues_without_a_reader(unread: int, tmp_path: Path) -> None:
    assert run([str(SPLITWAVE), *DEMO, str(tmp_path)], unread) == (ExitCode.OK, "")
    finished(tmp_path)


@pytest.mark.e2e
@pytest.mark.needs_torch
def test_a_run_that_cannot_print_continues_and_reports_its_results_folder(full: int, tmp_path: Path) -> None:
    code, errors = run([str(SPLITWAVE), *DEMO, str(tmp_path)], full)

    assert (code, errors) == (ExitCode.OK, f"{FULL}; the results are in {finished(tmp_path)}\n")


@pytest.mark.e2e
@pytest.mark.needs_torch
def test_a_run_continues_without_standard_streams(tmp_path: Path) -> None:
    command = ["bash", "-c", BOTH_CLOSED, str(SPLITWAVE), *DEMO, str(tmp_path)]

    assert subprocess.run(command, check=False).returncode == ExitCode.OK
    finished(tmp_path)


def test_output_on_a_closed_standard_error_does_not_enter_another_file(tmp_path: Path) -> None:
    program = f"""
import os
from splitwave.common.runtime.standard_streams import make_streams_lenient
make_streams_lenient()
with open({str(tmp_path / "checkpoint")!r}, "w"):
    os.write(2, b"as a library does")
"""

    subprocess.run(["bash", "-c", BOTH_CLOSED, sys.executable, "-c", program], check=True)

    assert (tmp_path / "checkpoint").read_text() == ""
