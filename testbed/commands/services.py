"""`splitwave device` and `basestation`: the command is replaced by the process of the service."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Settings of a command that passes all options on to the service, including `--help`."""


def device(context: typer.Context) -> None:
    """Run an edge device, or several in one process."""
    replace_process("device", context.args)


def basestation(context: typer.Context) -> None:
    """Run the base station, which leads one run with the devices that connect."""
    replace_process("basestation", context.args)


def replace_process(service: str, arguments: Sequence[str]) -> NoReturn:
    """Let the process of a service replace this one."""
    # -P: a folder `splitwave` in the user's current directory must not shadow the installed package.
    os.execv(sys.executable, [sys.executable, "-P", "-m", f"splitwave.{service}", *arguments])
