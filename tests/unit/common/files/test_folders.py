"""Output folders are created; an error names the option of a folder that cannot be created, before any work."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from splitwave.common.errors import ConfigError
from splitwave.common.exit_codes import ExitCode
from splitwave.common.files.folders import make_output_folder
from splitwave.testbed.cli import app


@pytest.fixture
def impossible(tmp_path: Path) -> Path:
    """A folder that not even root can create, because its parent is a file."""
    (tmp_path / "file").touch()
    return tmp_path / "file" / "folder"


def test_a_folder_is_created_with_its_parents_and_left_empty(tmp_path: Path) -> None:
    make_output_folder(tmp_path / "a" / "b", "--results")
    make_output_folder(tmp_path / "a" / "b", "--results")
    assert not list((tmp_path / "a" / "b").iterdir())


def test_the_error_names_the_option_of_a_folder_that_cannot_be_created(impossible: Path) -> None:
    with pytest.raises(ConfigError, match=rf"^--results {impossible}: not a folder that can be made"):
        make_output_folder(impossible, "--results")


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["demo"], "--results"),
        (["experiment", "run", "fig3", "--preset=smoke"], "--results"),
        (["bench", "wire", "--quick"], "--results"),
        (["bench", "wire", "--quick"], "--json"),
    ],
)
def test_a_command_refuses_such_a_folder_with_a_message_of_one_line(
    command: list[str], option: str, impossible: Path
) -> None:
    path = impossible / "result.json" if option == "--json" else impossible
    result = CliRunner().invoke(app, [*command, f"{option}={path}"])
    assert result.exit_code == ExitCode.CONFIG
    (line,) = result.output.splitlines()
    assert line.startswith(f"error: {option} {impossible}")
