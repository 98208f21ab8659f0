"""The command line `splitwave`."""

import signal
from importlib.metadata import EntryPoint, entry_points
from types import FrameType
from typing import Annotated

import typer

from splitwave import __version__
from splitwave.common.runtime.standard_streams import make_streams_lenient
from splitwave.common.runtime.stop_signals import stop_signals
from splitwave.testbed.commands.beta import beta_app
from splitwave.testbed.commands.certs import certs_app
from splitwave.testbed.commands.channel import channel_app
from splitwave.testbed.commands.checkpoint_options import ResumeCommand
from splitwave.testbed.commands.config import config_app
from splitwave.testbed.commands.data import data_app
from splitwave.testbed.commands.doctor import doctor
from splitwave.testbed.commands.fault import fault_app
from splitwave.testbed.commands.init import init
from splitwave.testbed.commands.run import demo, infer, train
from splitwave.testbed.commands.services import PASS_THROUGH, basestation, device
from splitwave.testbed.commands.serving import deploy, serve
from splitwave.testbed.commands.status import status
from splitwave.testbed.commands.up_and_down import down, logs, up
from splitwave.testbed.terminal.reporting import print_warning

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
for command in (demo, train, infer, serve, deploy, up, down, status, logs, init, doctor):
    app.command(cls=ResumeCommand if command is train else None)(command)
for service in (device, basestation):
    app.command(context_settings=PASS_THROUGH, add_help_option=False)(service)
app.add_typer(channel_app, name="channel")
app.add_typer(beta_app, name="beta")
app.add_typer(fault_app, name="fault")
app.add_typer(config_app, name="config")
app.add_typer(data_app, name="data")
app.add_typer(certs_app, name="certs")


def _add_commands(entry: EntryPoint) -> None:
    """Add a command or a group from above the testbed (ADR 2); if it is broken, all others still work."""
    try:
        commands = entry.load()
    except Exception as error:  # the package may be of other people, and raise anything
        print_warning(
            f"`splitwave {entry.name}` is missing, because {entry.value} cannot be loaded: {type(error).__name__}: "
            f"{error}; `splitwave doctor` says more"
        )
        return
    if isinstance(commands, typer.Typer):
        app.add_typer(commands, name=entry.name)
    else:
        app.command(entry.name)(commands)


for each in entry_points(group="splitwave.commands"):
    _add_commands(each)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"splitwave {__version__}")
        raise typer.Exit


@app.callback()
def splitwave(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Devices, a noisy channel and a base station, trained jointly over gRPC."""


def main() -> None:
    """Run the command line; SIGTERM and a closed terminal end a command as Ctrl-C does."""
    make_streams_lenient()
    for number in stop_signals():
        signal.signal(number, _interrupt)
    app()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
