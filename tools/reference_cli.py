"""The reference page of the command line, with the text that every command prints for `--help`."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from typer.main import get_command

from splitwave.testbed.cli import app

SERVICES = ("device", "channel", "basestation")
"""Commands that are programs with options of their own."""

_WIDTH = 100
_INTRODUCTION = """\
# Command line

<!-- Written by `python -m tools.reference_pages`; do not edit. -->

Each section shows what a command prints for `--help`. Every command ends with one of the
[exit codes](../exit-codes.md). Settings, such as `training.epochs` in `--set training.epochs=3`, are listed in
[Configuration](configuration.md).

The services `device`, `channel` and `basestation` are also Python modules: `splitwave device …` and
`python -m splitwave.device …` start the same program."""


def cli_page() -> str:
    """Return the page as Markdown."""
    root = get_command(app)
    context = root.make_context("splitwave", [], resilient_parsing=True, terminal_width=_WIDTH)
    sections = [_section(path, text) for path, text in _helps(root, context)]
    return "\n\n".join([_INTRODUCTION, *sections]) + "\n"


def _section(path: str, text: str) -> str:
    level = "##" if path.count(" ") <= 1 else "###"
    return f"{level} {path}\n\n```text\n{text.rstrip()}\n```"


def _helps(command: Any, context: Any) -> Iterator[tuple[str, str]]:
    """Yield a command's path and help, then those of its subcommands.

    The types are `Any` because Typer has click's classes under a private name.
    """
    name = context.info_name if context.parent is None else None
    path = name or context.command_path
    yield path, command.get_help(context)
    for sub, each in _commands(command):
        below = each.context_class(each, info_name=sub, parent=context, terminal_width=_WIDTH)
        if context.parent is None and sub in SERVICES:
            yield f"{path} {sub}", _help_of_service(sub)
            if sub == "device":
                yield f"{path} device run", _help_of_service("device", "run")
            for name_of_other, other in _commands(each):
                yield from _helps(
                    other, other.context_class(other, info_name=name_of_other, parent=below, terminal_width=_WIDTH)
                )
        else:
            yield from _helps(each, below)


def _commands(command: Any) -> Iterable[tuple[str, Any]]:
    """The commands of a group, by name; none of a single command."""
    commands: dict[str, Any] = getattr(command, "commands", {})
    return commands.items()


def _help_of_service(service: str, *command: str) -> str:
    """Return the help text of a service."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SPLITWAVE_")}
    answer = subprocess.run(
        [sys.executable, "-m", f"splitwave.{service}", *command, "--help"],
        env={**environment, "COLUMNS": str(_WIDTH)},
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout
