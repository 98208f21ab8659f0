"""Commands whose output nobody takes: what they print is lost, what they do is not."""

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
    """The write end of a pipe whose reader has left."""
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
    """The one complete results folder."""
    (folder,) = (results / "demo").iterdir()
    assert (folder / "summary.json").is_file()
    assert (folder / "figs" / "latency.png").is_file()
    return folder


@pytest.mark.parametrize("command", ["experiment list", "config schema", "--help"])
def test_a_reader_that_left_is_no_error(unread: int, command: str) -> None:
    assert run([str(SPLITWAVE), *command.split()], unread) == (ExitCode.OK, "")


def test_a_text_that_was_asked_for_and_cannot_be_written_is_an_error(full: int) -> None:
    assert run([str(SPLITWAVE), "experiment", "list"], full) == (ExitCode.FAILURE, f"error: {FULL}\n")


def test_a_tool_that_prints_ends_as_a_command_does(unread: int, full: int) -> None:
    tool = [sys.executable, "-m", "splitwave.benchmarks.core", "--batch=16", "--repetitions=1"]

    assert run(tool, unread) == (ExitCode.OK, "")
    assert run(tool, full) == (ExitCode.FAILURE, f"error: {FULL}\n")


def test_a_run_goes_on_without_its_reader(unread: int, tmp_path: Path) -> None:
    assert run([str(SPLITWAVE), *DEMO, str(tmp_path)], unread) == (ExitCode.OK, "")
    finished(tmp_path)


def test_a_run_goes_on_where_it_cannot_print_and_says_where_its_results_are(full: int, tmp_path: Path) -> None:
    code, errors = run([str(SPLITWAVE), *DEMO, str(tmp_path)], full)

    assert (code, errors) == (ExitCode.OK, f"{FULL}; the results are in {finished(tmp_path)}\n")


def test_a_run_goes_on_without_standard_streams(tmp_path: Path) -> None:
    command = ["bash", "-c", BOTH_CLOSED, str(SPLITWAVE), *DEMO, str(tmp_path)]

    assert subprocess.run(command, check=False).returncode == ExitCode.OK
    finished(tmp_path)


def test_what_is_written_to_a_closed_standard_error_ends_in_no_other_file(tmp_path: Path) -> None:
    program = f"""
import os
from splitwave.common.runtime.standard_streams import make_streams_lenient
make_streams_lenient()
with open({str(tmp_path / "checkpoint")!r}, "w"):
    os.write(2, b"as a library does")
"""

    subprocess.run(["bash", "-c", BOTH_CLOSED, sys.executable, "-c", program], check=True)

    assert (tmp_path / "checkpoint").read_text() == ""
