"""The installed `splitwave` command, run in a process of its own."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from splitwave.common.exit_codes import ExitCode

SPLITWAVE = Path(sys.executable).with_name("splitwave")
SMALL = ("--set", "inference.latency_samples=20", "--set", "encoder.dimension=8")
SHORT = (*SMALL, "--set", "training.epochs=2")

Table = dict[str, Any]


def environment() -> dict[str, str]:
    """Return the variables of this process now, without settings of Splitwave."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SPLITWAVE_")}


ENVIRONMENT = environment()


def output_of(*arguments: str | Path, env: Mapping[str, str] = ENVIRONMENT, limit_s: float | None = None) -> str:
    """Run a command that must succeed, in a limited time; returns its standard output."""
    command = [SPLITWAVE, *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=limit_s)
    assert answer.returncode == ExitCode.OK, answer.stdout + answer.stderr
    return answer.stdout


def summary_in(output: str) -> Table:
    """Return the summary of a run, with the folder that the run's output names in the entry `results`."""
    (folder,) = re.findall(r"^results +(.+)$", output, re.MULTILINE)
    return {**json.loads(Path(folder, "summary.json").read_text(encoding="utf-8")), "results": folder}
