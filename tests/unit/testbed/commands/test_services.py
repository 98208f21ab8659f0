"""`splitwave device`, `channel` and `basestation` start a service."""

import subprocess
from pathlib import Path

import pytest

from splitwave.common.exit_codes import ExitCode
from tests.installed_command import SPLITWAVE
from tests.limits import LIMIT_S


@pytest.mark.needs_torch
@pytest.mark.parametrize("service", ["device", "channel"])
def test_a_service_runs_the_installed_package_and_not_one_in_the_current_folder(service: str, tmp_path: Path) -> None:
    for name in ("splitwave", "common", service):
        package = tmp_path / name
        package.mkdir()
        (package / "__init__.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    answer = subprocess.run(
        [SPLITWAVE, service, "--connect=nowhere"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert answer.returncode == ExitCode.ADDRESS
    assert "--connect nowhere: expected HOST:PORT" in answer.stderr


def test_help_is_the_services_own() -> None:
    answer = subprocess.run(
        [SPLITWAVE, "channel", "--help"], capture_output=True, text=True, check=True, timeout=LIMIT_S
    )
    assert answer.stdout.startswith("usage: splitwave channel [-h]")
