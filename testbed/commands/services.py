"""`splitwave device`, `channel` and `basestation`: the command is replaced by the process of the service."""

import os
import sys

import typer

PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""Settings of a command that passes all options on to the service, including `--help`."""


def device(context: typer.Context) -> None:
    """Run an edge device, or several in one process."""
    _replace_process("device", context)


def channel(context: typer.Context) -> None:
    """Run the channel emulator."""
    _replace_process("channel", context)


def basestation(context: typer.Context) -> None:
    """Run the base station, which leads one run with the devices that connect."""
    _replace_process("basestation", context)


def _replace_process(service: str, context: typer.Context) -> None:
    # -P: a folder `splitwave` in the user's current directory must not shadow the installed package.
    os.execv(sys.executable, [sys.executable, "-P", "-m", f"splitwave.{service}", *context.args])
