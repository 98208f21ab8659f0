"""Calls the command line from tests."""

from pathlib import Path

from typer.testing import CliRunner, Result

from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.cli import app

CONFIGS = Path(__file__).parents[4] / "configs"


def splitwave(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def assert_refused(result: Result, exit_code: ExitCode, *words: str) -> None:
    assert result.exit_code == exit_code, result.output
    assert result.output.startswith("error: ")
    for word in words:
        assert word in result.output
