"""Folders that are written to are made; one that cannot be is refused before any work, by its option."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from splitwave.common.errors import ConfigError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.files.folders import make_output_folder
from splitwave.testbed.cli import app


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A folder that cannot be made, even by root: there is a file in its way."""
    (tmp_path / "file").touch()
    return tmp_path / "file" / "folder"


def test_a_folder_is_made_with_those_above_it_and_left_empty(tmp_path: Path) -> None:
    make_output_folder(tmp_path / "a" / "b", "--results")
    make_output_folder(tmp_path / "a" / "b", "--results")
    assert not list((tmp_path / "a" / "b").iterdir())


def test_a_folder_that_cannot_be_made_is_refused_by_its_option(nowhere: Path) -> None:
    with pytest.raises(ConfigError, match=rf"^--results {nowhere}: not a folder that can be made"):
        make_output_folder(nowhere, "--results")


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["demo"], "--results"),
        (["experiment", "run", "fig3", "--preset=smoke"], "--results"),
        (["bench", "wire", "--quick"], "--results"),
        (["bench", "wire", "--quick"], "--json"),
    ],
)
def test_a_command_refuses_it_in_one_line(command: list[str], option: str, nowhere: Path) -> None:
    path = nowhere / "result.json" if option == "--json" else nowhere
    result = CliRunner().invoke(app, [*command, f"{option}={path}"])
    assert result.exit_code == ExitCode.CONFIG
    (line,) = result.output.splitlines()
    assert line.startswith(f"error: {option} {nowhere}")
