"""Processes of a testbed are killed; the process engine starts them again, and the results are those of no kill."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import pytest

from splitwave.common.exit_codes import ExitCode
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.processes.announcement import Announcement, running_testbeds
from tests.e2e.services import until
from tests.installed_command import ENVIRONMENT, SMALL, SPLITWAVE, Table, output_of, summary_in
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e

EPOCHS = 6
SETTINGS = ("-c", "demo", *SMALL, "--set", f"training.epochs={EPOCHS}")
SAME = ("weights_sha256", "config_hash", "error_rate", "error_rate_soft", "steps", "served")
ALL = ("device-0", "channel", "basestation")

Command: TypeAlias = "subprocess.Popen[str]"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Table:
    results = tmp_path_factory.mktemp("undisturbed")
    return summary_in(output_of("train", *SETTINGS, "--engine", "inprocess", "--results", results, env=ENVIRONMENT))


@contextmanager
def running(*arguments: str | Path) -> Iterator[Command]:
    pipe = subprocess.PIPE
    with subprocess.Popen([SPLITWAVE, *arguments], stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT) as command:
        try:
            yield command
        finally:
            command.kill()


def read_until(command: Command, begin: str) -> None:
    assert command.stdout is not None
    for line in command.stdout:
        if line.startswith(begin):
            return
    raise AssertionError(f"the command ended without {begin}")


def the_testbed(results: Path) -> Announcement:
    deadline = time.monotonic() + LIMIT_S
    while not (found := running_testbeds(results)):
        assert time.monotonic() < deadline
    return found[0]


def kill(results: Path, roles: Sequence[str]) -> None:
    pids = the_testbed(results).pids
    for role in roles:
        os.kill(pids[role], signal.SIGKILL)


def finished(command: Command) -> tuple[Table, str]:
    """Wait for a good end; returns the summary, and all that was printed since."""
    output, errors = command.communicate(timeout=2 * LIMIT_S)
    assert command.returncode == ExitCode.OK, errors
    return summary_in(output), output


def recorded_epochs(summary: Table) -> list[int]:
    lines = (Path(summary["results"]) / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["epoch"] for line in lines]


def recorded_restarts(summary: Table) -> dict[str, int]:
    restarts: dict[str, int] = json.loads((Path(summary["results"]) / "env.json").read_text())["restarts"]
    return restarts


@pytest.mark.parametrize("roles", [("device-0",), ("channel",), ("basestation",), ALL], ids="+".join)
def test_a_training_whose_processes_are_killed_ends_as_if_nothing_had_happened(
    roles: tuple[str, ...], undisturbed: Table, tmp_path: Path
) -> None:
    with running("train", *SETTINGS, "--checkpoint-every", "20", "--results", tmp_path) as command:
        read_until(command, "epoch 2/6")
        kill(tmp_path, roles)
        summary, output = finished(command)

    assert [summary[row] for row in SAME] == [undisturbed[row] for row in SAME]
    assert recorded_epochs(summary) == list(range(EPOCHS))
    assert recorded_restarts(summary) == dict.fromkeys(roles, 1)
    for role in roles:
        assert f"\n{role} was killed by SIGKILL; started again (1 of 3)\n" in f"\n{output}"


def test_a_base_station_that_is_killed_before_its_first_checkpoint_begins_again(
    undisturbed: Table, tmp_path: Path
) -> None:
    with running("train", *SETTINGS, "--results", tmp_path) as command:
        read_until(command, "epoch 2/6")
        kill(tmp_path, ["basestation"])
        summary, _ = finished(command)

    assert [summary[row] for row in SAME] == [undisturbed[row] for row in SAME]
    assert recorded_epochs(summary) == list(range(EPOCHS))


def test_a_base_station_that_is_killed_while_it_serves_does_not_train_again(tmp_path: Path) -> None:
    serves_long = (*SMALL[2:], "--set", "training.epochs=2", "--set", "inference.latency_samples=3000")
    with running("train", "-c", "demo", *serves_long, "--results", tmp_path) as command:
        read_until(command, "epoch 2/2")
        testbed = the_testbed(tmp_path)
        until(testbed.basestation, lambda status: status.stage == pb.STAGE_SERVING)
        kill(tmp_path, ["basestation"])
        summary, output = finished(command)

    assert "epoch 1/2" not in output
    assert recorded_epochs(summary) == [0, 1]
    assert recorded_restarts(summary) == {"basestation": 1}
    assert summary["steps"] == 126


def test_an_evaluation_whose_processes_are_killed_ends_well(tmp_path: Path) -> None:
    serves_long = (*SMALL[2:], "--set", "training.epochs=2", "--set", "inference.latency_samples=2000")
    trained = summary_in(output_of("train", "-c", "demo", *serves_long, "--results", tmp_path / "t", env=ENVIRONMENT))
    with running("infer", "--checkpoint", trained["results"], "--results", tmp_path) as command:
        testbed = the_testbed(tmp_path)
        until(testbed.basestation, lambda status: status.stage == pb.STAGE_SERVING)
        kill(tmp_path, ["basestation", "device-1"])
        summary, _ = finished(command)

    for row in ("weights_sha256", "error_rate", "error_rate_soft"):
        assert summary[row] == trained[row]
    assert recorded_restarts(summary) == {"basestation": 1, "device-1": 1}


def test_a_process_that_keeps_dying_ends_the_run_with_the_end_of_its_log(tmp_path: Path) -> None:
    with running(
        "train", *SETTINGS[:-1], "training.epochs=9999", "--max-restarts", "2", "--results", tmp_path
    ) as command:
        read_until(command, "epoch")
        testbed = the_testbed(tmp_path)
        for _ in range(3):
            pid = testbed.pids["device-1"]
            os.kill(pid, signal.SIGKILL)
            while running_testbeds(tmp_path) and (testbed := the_testbed(tmp_path)).pids["device-1"] == pid:
                with suppress(subprocess.TimeoutExpired):  # look again after a moment, unless the command has ended
                    command.wait(0.05)
                    break
        _, errors = command.communicate(timeout=LIMIT_S)

    assert command.returncode == ExitCode.RUN_FAILED
    assert re.match(
        r"error: device-1 was killed by SIGKILL after it had been started again 2 times; the end of its log:\n  ",
        errors,
    )
    assert "Traceback" not in errors
