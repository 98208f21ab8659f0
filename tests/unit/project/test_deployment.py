"""The deployment files agree with docs/deploy.md and with the device's options."""

import re
import shlex
import subprocess
import sys
from configparser import RawConfigParser

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.unit.project.sources import ROOT

UNIT = ROOT / "configs" / "systemd" / "splitwave-device.service"


@pytest.fixture(scope="module")
def service() -> dict[str, str]:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text(encoding="utf-8"))
    return dict(parser["Service"])


def test_the_unit_starts_a_device_with_options_that_it_has(service: dict[str, str]) -> None:
    _, *arguments = shlex.split(service["ExecStart"])
    assert arguments[:2] == ["-m", "splitwave.device"]
    answer = subprocess.run(
        [sys.executable, "-m", "splitwave.device", "--help"], capture_output=True, text=True, check=True
    )
    offered = set(re.findall(r"--[a-z-]+", answer.stdout))
    assert {argument for argument in arguments if argument.startswith("--")} <= offered


def test_the_unit_restarts_only_after_failures_that_a_restart_may_repair(service: dict[str, str]) -> None:
    assert service["Restart"] == "always"
    final = {ExitCode(int(code)) for code in service["RestartPreventExitStatus"].split()}
    assert final == {ExitCode.CONFIG, ExitCode.DATA, ExitCode.ADDRESS, ExitCode.PROTOCOL}


def test_a_board_installs_what_the_images_install() -> None:
    guide = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    lists = re.findall(r"pip install -c constraints\.txt .*-r (\S+)", guide)
    assert lists == ["requirements/torch.txt", "requirements/data.txt"]
    for path in lists:
        assert f"--requirement {path}" in (ROOT / "Dockerfile").read_text(encoding="utf-8")
