"""`splitwave train` is stopped or killed in training, and goes on with the command that it printed."""

import re
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.installed_command import ENVIRONMENT, SMALL, SPLITWAVE, Table, output_of, summary_in
from tests.limits import LIMIT_S

SETTINGS = ("-c", "demo", *SMALL, "--set", "training.epochs=6")
KEEPING = ("--checkpoint-every", "20")
SAME = ("weights_sha256", "config_hash", "error_rate", "error_rate_soft", "steps", "served")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Table:
    results = tmp_path_factory.mktemp("undisturbed")
    return summary_in(output_of("train", *SETTINGS, "--engine", "inprocess", "--results", results, env=ENVIRONMENT))


def ended_by(number: signal.Signals, *arguments: str | Path) -> tuple[int, str]:
    """Send the command a signal when its second epoch is over; returns its exit code and standard error."""
    with subprocess.Popen(
        [SPLITWAVE, "train", *SETTINGS, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as command:
        try:
            assert command.stdout is not None
            for line in command.stdout:
                if line.startswith("epoch 2/6"):
                    break
            command.send_signal(number)
            _, errors = command.communicate(timeout=LIMIT_S)
        finally:
            command.kill()
    return command.returncode, errors


@pytest.mark.e2e
@pytest.mark.parametrize("engine", ["process", "inprocess"])
@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM])
def test_a_stopped_training_goes_on_with_the_command_that_it_printed(
    number: signal.Signals, engine: str, undisturbed: Table, tmp_path: Path
) -> None:
    code, errors = ended_by(number, *KEEPING, "--engine", engine, "--results", tmp_path)

    assert code == ExitCode.STOPPED, errors
    assert re.match(r"error: the run was stopped after step \d+ of 378\nthe unfinished run is kept in ", errors)
    program, *resume = shlex.split(errors.strip().partition("; to go on: ")[2])
    assert Path(program).name == "splitwave"
    resumed = summary_in(output_of(*resume, "--engine", engine, env=ENVIRONMENT, limit_s=LIMIT_S))
    assert [resumed[row] for row in SAME] == [undisturbed[row] for row in SAME]


@pytest.mark.e2e
def test_a_killed_command_line_costs_the_steps_since_the_last_checkpoint(undisturbed: Table, tmp_path: Path) -> None:
    code, _ = ended_by(signal.SIGKILL, *KEEPING, "--results", tmp_path)

    assert code == -signal.SIGKILL
    resumed = summary_in(output_of("train", "--resume", "--results", tmp_path, env=ENVIRONMENT, limit_s=LIMIT_S))
    assert [resumed[row] for row in SAME] == [undisturbed[row] for row in SAME]


@pytest.mark.e2e
def test_a_training_that_keeps_no_checkpoints_stops_by_sigusr1_and_is_interrupted_by_sigterm(tmp_path: Path) -> None:
    assert ended_by(signal.SIGUSR1, "--results", tmp_path)[0] == ExitCode.STOPPED
    assert ended_by(signal.SIGTERM, "--results", tmp_path)[0] == ExitCode.INTERRUPTED
