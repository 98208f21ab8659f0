"""A training that was started with `nohup` goes on when its terminal is closed."""

import signal
import subprocess
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.installed_command import ENVIRONMENT, SMALL, SPLITWAVE
from tests.limits import LIMIT_S

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("engine", ["process", "inprocess"])
def test_a_training_under_nohup_outlives_its_terminal(engine: str, tmp_path: Path) -> None:
    command: list[str | Path] = ["nohup", SPLITWAVE, "demo", "--engine", engine, *SMALL]
    command += ["--set", "training.epochs=9999", "--results", tmp_path]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("epoch    1/9999")
            process.send_signal(signal.SIGHUP)
            later = [process.stdout.readline() for _ in range(3)]
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=LIMIT_S)
        finally:
            process.kill()

    assert later[-1].startswith("epoch    4/9999")
    assert process.returncode == ExitCode.INTERRUPTED
