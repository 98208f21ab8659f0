"""A base station started by hand reads settings as the command line does, and reports them in its log."""

import json
import os
import subprocess
import sys
from pathlib import Path

from splitwave.common.exit_codes import ExitCode
from tests.limits import LIMIT_S


def test_the_log_of_a_base_station_names_the_place_of_a_mistake_and_the_ignored_variable(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("links: 2\ntraining:\n  epochs: many\n", encoding="utf-8")
    outside = {name: value for name, value in os.environ.items() if not name.startswith("SPLITWAVE_")}
    service_links = {"SPLITWAVE_PORT": "tcp://10.0.0.1:50051", "SPLITWAVE_SERVICE_HOST": "10.0.0.1"}

    ended = subprocess.run(
        [sys.executable, "-P", "-m", "splitwave.basestation", "--log-format=json", f"--config={path}"],
        env=outside | service_links | {"SPLITWAVE_ROOT": "/srv"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )

    assert ended.returncode == ExitCode.CONFIG
    assert [(line["level"], line["event"]) for line in map(json.loads, ended.stderr.splitlines())] == [
        ("warning", "environment variable SPLITWAVE_ROOT is ignored: no such setting"),
        ("error", f"training.epochs = 'many' (from {path}, line 3, column 3): Input should be a valid integer"),
    ]
