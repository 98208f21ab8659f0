"""One whole run with each toy of another package: only its name in the settings says that it is used."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.limits import LIMIT_S

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("toys")]

SPLITWAVE = Path(sys.executable).with_name("splitwave")
SHORT = ("training.epochs=1", "inference.latency_samples=10", "encoder.dimension=8", "quantizer.breakpoints=7")


@pytest.mark.parametrize(
    "setting",
    [
        "objective.bound=toy-energy",
        "encoder.backbone=toy-pooled",
        "fusion.policy=toy-first-link",
        "data.name=toy-bars",
        "data.name=toy-brightness",  # whose task is a toy, too
    ],
)
def test_processes_of_a_run_find_it_by_its_name(setting: str, tmp_path: Path) -> None:
    overrides = [argument for each in (*SHORT, setting) for argument in ("--set", each)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPLITWAVE_")}
    command: list[str | Path] = [SPLITWAVE, "demo", *overrides, "--results", tmp_path]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=LIMIT_S)
    assert answer.returncode == ExitCode.OK, answer.stderr
    (folder,) = re.findall(r"^results +(.+)$", answer.stdout, re.MULTILINE)
    section, key = setting.partition("=")[0].split(".")
    written = Path(folder, "config.yaml").read_text(encoding="utf-8")
    assert re.search(rf"^{section}:$(\n  .*)*\n  {key}: {setting.partition('=')[2]}$", written, re.MULTILINE)
    assert json.loads(Path(folder, "summary.json").read_text(encoding="utf-8"))["weights_sha256"]
