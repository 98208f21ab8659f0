"""The command line itself: its version, and its installed script."""

import subprocess
from importlib.metadata import version
from pathlib import Path

from splitwave.common.exit_codes import ExitCode
from tests.installed_command import ENVIRONMENT, SPLITWAVE
from tests.unit.testbed.commands.command_line import splitwave


def test_the_version_is_that_of_the_package() -> None:
    assert splitwave("--version").output == f"splitwave {version('splitwave')}\n"


def test_the_installed_script_reports_an_error_without_a_traceback(tmp_path: Path) -> None:
    results = tmp_path / "results"
    command: list[str | Path] = [SPLITWAVE, "demo", "--set", "links=65", "--results", results]

    answer = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)

    assert answer.returncode == ExitCode.CONFIG
    assert answer.stdout == ""
    assert answer.stderr.startswith("error: links = 65")
    assert "Traceback" not in answer.stderr
    assert not results.exists()
