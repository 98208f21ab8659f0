"""The description of a process's end, and the root cause among several."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from splitwave.common.errors import (
    AddressError,
    CheckpointError,
    ConfigError,
    DataError,
    DiskFullError,
    ProtocolError,
    RunFailedError,
    SplitwaveError,
    UnreachableError,
)
from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.processes.child import Child, ChildCommand
from splitwave.testbed.processes.process_death import Death, describe, root_cause

ROLES = ("basestation", "channel", "device-0", "device-1")


@pytest.fixture(scope="module")
def children(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Child]:
    """Processes that have ended, by role."""
    logs = tmp_path_factory.mktemp("logs")

    async def start_and_end() -> Iterator[Child]:
        with Path("/dev/null").open() as lifeline:
            commands = [ChildCommand(role, ["stat"], logs / role, lifeline.fileno(), finishes=True) for role in ROLES]
            started = [Child(command) for command in commands]
            for child in started:
                await child.start()
        for child in started:
            await child.exited()
        return iter(started)

    return {child.role: child for child in asyncio.run(start_and_end())}


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (-9, "was killed by SIGKILL"),
        (-11, "was killed by SIGSEGV"),
        (0, "exited before the run was over"),
        (1, "ended with exit code 1 (FAILURE)"),
        (3, "ended with exit code 3 (DATA)"),
        (42, "ended with exit code 42"),
    ],
)
def test_an_exit_code_is_described_by_its_name(exit_code: int, words: str) -> None:
    assert describe(exit_code) == words


@pytest.mark.parametrize(
    ("deaths", "blamed"),
    [
        ([("device-1", -9), ("basestation", 7), ("device-0", 7)], "device-1"),
        ([("basestation", 7), ("device-0", 7), ("device-1", -9)], "device-1"),  # the cause may be noticed last
        ([("device-0", 7), ("device-1", 5), ("basestation", 7)], "basestation"),
        ([("device-0", 1), ("basestation", 1)], "device-0"),
        ([("device-0", 0), ("basestation", 7), ("device-1", 7)], "device-0"),
        ([("device-0", 0), ("device-1", 0), ("basestation", -6)], "basestation"),
        ([("channel", 0), ("device-0", 7), ("basestation", 7)], "channel"),
        ([("device-0", 5)], "device-0"),
    ],
)
def test_the_root_cause_is_found_among_several_deaths(
    children: dict[str, Child], deaths: list[tuple[str, ExitCode]], blamed: str
) -> None:
    death = root_cause([Death(children[role], exit_code) for role, exit_code in deaths])

    assert death.child.role == blamed


@pytest.mark.parametrize(
    ("exit_code", "error"),
    [
        (ExitCode.CONFIG, ConfigError),
        (ExitCode.DATA, DataError),
        (ExitCode.ADDRESS, AddressError),
        (ExitCode.UNREACHABLE, UnreachableError),
        (ExitCode.PROTOCOL, ProtocolError),
        (ExitCode.CHECKPOINT, CheckpointError),
        (ExitCode.DISK_FULL, DiskFullError),
        (ExitCode.RUN_FAILED, RunFailedError),
        (ExitCode.FAILURE, RunFailedError),
        (-9, RunFailedError),
    ],
)
def test_an_error_has_the_class_of_the_exit_code(
    children: dict[str, Child], exit_code: int, error: type[SplitwaveError]
) -> None:
    assert type(Death(children["device-0"], exit_code).error()) is error


def test_an_error_ends_with_the_last_15_lines_of_the_log(children: dict[str, Child]) -> None:
    child = children["channel"]
    child.log.write_text("".join(f"line {number}\n" for number in range(40)))

    lines = str(Death(child, -9).error()).splitlines()

    assert lines[0] == "channel was killed by SIGKILL; the end of its log:"
    assert lines[1:] == [f"  line {number}" for number in range(25, 40)]


def test_an_expected_error_is_reported_as_one_line(children: dict[str, Child]) -> None:
    child = children["device-0"]
    words = {"event": "ckpt/device-0.safetensors: no such checkpoint part", "exit_code": "CHECKPOINT"}
    lines = [{"event": "link leased", "link": 0}, {"event": "command", "command": "Evaluate"}, words]
    child.log.write_text("".join(json.dumps(line) + "\n" for line in lines))

    error = Death(child, ExitCode.CHECKPOINT).error()

    assert isinstance(error, CheckpointError)
    assert str(error) == f"{words['event']} (device-0 ended with exit code 8 (CHECKPOINT))"


def test_an_empty_log_is_mentioned_in_the_error(children: dict[str, Child]) -> None:
    assert str(Death(children["device-1"], 1).error()).endswith("the end of its log:\n  (its log is empty)")
