"""Every option and argument of the command line that is a number: what is none is refused by name."""

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest
import typer

from splitwave.common.exit_codes import ExitCode
from splitwave.testbed.cli import app
from tests.unit.testbed.commands.command_line import assert_refused, splitwave

CHECKED_LATER = {"value", "links_per_process", "beta", "psnr_db"}
"""Numbers for which the command itself, or the settings that they replace, have the range."""


def numbers(command: Any, path: str = "splitwave") -> Iterator[tuple[str, Any]]:
    """Yield the path of each command with each of its numbers; the types are Typer's own, under a private name."""
    hints = get_type_hints(command.callback) if command.callback else {}
    for parameter in command.params:
        hint = hints.get(parameter.name)
        if {int, float} & {hint, *get_args(hint)}:
            yield path, parameter
    for name, below in getattr(command, "commands", {}).items():
        yield from numbers(below, f"{path} {name}")


NUMBERS = list(numbers(typer.main.get_command(app)))
CHECKED_BY_TYPER = [(path, parameter) for path, parameter in NUMBERS if parameter.name not in CHECKED_LATER]


def test_the_numbers_of_the_command_line_are_found() -> None:
    found = {(path, parameter.name) for path, parameter in NUMBERS}
    assert {("splitwave logs", "tail"), ("splitwave beta set", "value"), ("splitwave experiment run", "jobs")} <= found


@pytest.mark.parametrize(("path", "parameter"), CHECKED_BY_TYPER, ids=lambda each: getattr(each, "name", each))
@pytest.mark.parametrize("text", ["nan", "inf", "1e12", "-1"])
def test_nonsense_is_refused_by_name(path: str, parameter: Any, text: str) -> None:
    option = max(parameter.opts, key=len)

    result = splitwave(*path.split()[1:], option, text)

    assert result.exit_code == ExitCode.CONFIG
    assert f"Invalid value for '{option}'" in result.output


@pytest.mark.parametrize("text", ["nan", "inf", "1e400"])
def test_beta_set_refuses_what_is_not_finite(text: str) -> None:
    refused = splitwave("beta", "set", text, "--address", "127.0.0.1:1")
    assert_refused(refused, ExitCode.CONFIG, f"beta set {float(text)}: expected a finite number")


@pytest.mark.parametrize(("text", "words"), [("nan", "Invalid value"), ("1e12", "Invalid value"), ("-1", "error: ")])
def test_links_per_process_refuses_nonsense_by_name(text: str, words: str) -> None:
    result = splitwave("train", "-c", "demo", "--links-per-process", text)

    assert (result.exit_code, words in result.output) == (ExitCode.CONFIG, True)
    assert "--links-per-process" in result.output
