"""Targets run under atheris, where it is installed."""

import subprocess
import sys

import pytest

pytest.importorskip("atheris")


def test_a_target_is_run_with_inputs_that_reach_more_and_more_code() -> None:
    command = [sys.executable, "-m", "tests.fuzz.guided", "trace", "--inputs=2000"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
    assert "Done 2000 runs" in run.stderr
    assert "\tNEW " in run.stderr  # lines that the seeds do not reach
