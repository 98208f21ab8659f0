"""Whole runs over a channel model of another package, which each process finds by itself."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.limits import LIMIT_S

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("toys")]

SPLITWAVE = Path(sys.executable).with_name("splitwave")
SHORT = ("--set", "training.epochs=2", "--set", "inference.latency_samples=20", "--set", "encoder.dimension=8")


def summary_of(results: Path, model: str, engine: str) -> Any:
    """The summary of a demo with this channel model."""
    settings = (*SHORT, "--set", f"channel.model={model}", "--engine", engine)
    command: list[str | Path] = [SPLITWAVE, "demo", *settings, "--results", results]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPLITWAVE_")}
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=LIMIT_S)
    assert answer.returncode == ExitCode.OK, answer.stderr
    (folder,) = re.findall(r"^results +(.+)$", answer.stdout, re.MULTILINE)
    return json.loads(Path(folder, "summary.json").read_text(encoding="utf-8"))


def test_both_engines_train_over_it_to_the_same_weights(tmp_path: Path) -> None:
    processes, oracle = (summary_of(tmp_path, "[toy, awgn]", engine) for engine in ("process", "inprocess"))
    plain = summary_of(tmp_path, "awgn", "inprocess")
    assert processes["weights_sha256"] == oracle["weights_sha256"] != plain["weights_sha256"]
    for measure in ("error_rate", "error_rate_soft"):
        assert processes[measure] == oracle[measure] < 0.5  # a guess errs on nine of ten digits
