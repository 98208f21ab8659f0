"""`splitwave device`, `channel` and `basestation`: a service started by hand takes the place of the command line."""

import os
import sys

import typer

AS_THEY_ARE = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""All options are the service's own, `--help` too."""


def device(context: typer.Context) -> None:
    """Take part in a run as one edge device, or as several."""
    _become("device", context)


def channel(context: typer.Context) -> None:
    """Serve the channel emulator."""
    _become("channel", context)


def basestation(context: typer.Context) -> None:
    """Lead one run with the devices that connect."""
    _become("basestation", context)


def _become(service: str, context: typer.Context) -> None:
    # -P: a folder `splitwave` in the user's current directory must not be run in our package's place.
    os.execv(sys.executable, [sys.executable, "-P", "-m", f"splitwave.{service}", *context.args])
