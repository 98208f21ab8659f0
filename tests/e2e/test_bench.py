"""`splitwave bench all --quick`: all benchmarks run on real processes and say what it found; no times are asserted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.targets import TARGETS
from common.exit_codes import ExitCode

pytestmark = pytest.mark.e2e

SPLITWAVE = Path(sys.executable).with_name("splitwave")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("SPLITWAVE_")}
NOT_QUICK = {name for name in TARGETS if name.startswith("training.b1024.")}


def test_all_benchmarks_run_and_leave_a_complete_result(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    command: list[str | Path] = [
        SPLITWAVE,
        "bench",
        "all",
        "--quick",
        "--airtime",
        "--json",
        file,
        "--results",
        tmp_path / "results",
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert answer.returncode == ExitCode.OK, answer.stdout + answer.stderr
    content = json.loads(file.read_text())
    assert content["validity"] == "VALID"
    readings = {reading["name"]: reading for each in content["benchmarks"] for reading in each["readings"]}
    judged = {name for name, reading in readings.items() if reading["verdict"] in ("PASS", "MISS")}
    assert judged == set(TARGETS) - NOT_QUICK
    assert readings["training.b256.process.same_weights"]["verdict"] == "PASS"
    (folder,) = (tmp_path / "results" / "bench").iterdir()
    assert json.loads((folder / "result.json").read_text()) == content
    for name in ("hops.png", "hops.pdf", "trace-single_stream.json", "trace-multi_stream.json", "trace-two_links.json"):
        assert (folder / "figs" / name).stat().st_size > 0
    with np.load(folder / "samples.npz") as samples:
        assert {name.partition(".")[0] for name in samples.files} == {"latency", "throughput", "channel", "scale"}
        assert all(samples[name].dtype == np.int64 for name in samples.files)
