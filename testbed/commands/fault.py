"""`splitwave fault`: injects faults into a testbed's containers and links."""

from collections.abc import Callable
from typing import Annotated

import typer

from splitwave.testbed.commands.channel import Address, Emulator, Link, parse_change
from splitwave.testbed.commands.discovery import RunningEngine, only_channel
from splitwave.testbed.commands.options import (
    COMPOSE,
    RESULTS,
    DetachedEngine,
    Project,
    Results,
    TlsDir,
    require_compose,
)
from splitwave.testbed.compose.detached import DEFAULT_PROJECT, check_project_name
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.faults import Faults
from splitwave.testbed.compose.target import Target, parse_target
from splitwave.testbed.terminal.reporting import reports_errors

fault_app = typer.Typer(no_args_is_help=True, help="Inject faults into a testbed's containers, or into its links.")

TargetArgument = Annotated[
    str, typer.Argument(metavar="SERVICE[:N]", help="The container, such as channel or device:2.")
]


@fault_app.command()
@reports_errors
def kill(target: TargetArgument, engine: DetachedEngine = COMPOSE, project: Project = DEFAULT_PROJECT) -> None:
    """Crash a container; its restart policy brings it back."""
    _apply_fault("killed", Faults.kill, target, engine, project)


@fault_app.command()
@reports_errors
def pause(target: TargetArgument, engine: DetachedEngine = COMPOSE, project: Project = DEFAULT_PROJECT) -> None:
    """Freeze a container until `resume` is called."""
    _apply_fault("paused", Faults.pause, target, engine, project)


@fault_app.command()
@reports_errors
def resume(target: TargetArgument, engine: DetachedEngine = COMPOSE, project: Project = DEFAULT_PROJECT) -> None:
    """Undo a pause or a partition."""
    _apply_fault("resumed", Faults.resume, target, engine, project)


@fault_app.command()
@reports_errors
def partition(target: TargetArgument, engine: DetachedEngine = COMPOSE, project: Project = DEFAULT_PROJECT) -> None:
    """Disconnect a container from the others until `resume` is called."""
    _apply_fault("cut off", Faults.partition, target, engine, project)


@fault_app.command()
@reports_errors
def restart(target: TargetArgument, engine: DetachedEngine = COMPOSE, project: Project = DEFAULT_PROJECT) -> None:
    """Stop a container after it has drained, and start it again."""
    _apply_fault("restarted", Faults.restart, target, engine, project)


NumberOrNone = Annotated[str, typer.Argument(metavar="VALUE", help="A number, or none for that of the settings.")]


@fault_app.command()
@reports_errors
def delay(  # noqa: PLR0917 — each is an option of the command line
    milliseconds: NumberOrNone,
    jitter: Annotated[
        str | None, typer.Option(metavar="MS", help="The most that is added, or none.", show_default=False)
    ] = None,
    link: Link = None,
    address: Address = None,
    engine: RunningEngine = None,
    project: Project = DEFAULT_PROJECT,
    results: Results = RESULTS,
    tls_dir: TlsDir = None,
) -> None:
    """Delay the blocks of a link, in milliseconds."""
    values = [f"delay_ms={milliseconds}", *([] if jitter is None else [f"jitter_ms={jitter}"])]
    emulator = Emulator(*only_channel(address, engine, project, results, tls_dir=tls_dir, command="fault"))
    emulator.set(parse_change(values, link))


@fault_app.command()
@reports_errors
def limit(  # noqa: PLR0917 — likewise
    bits_per_s: NumberOrNone,
    link: Link = None,
    address: Address = None,
    engine: RunningEngine = None,
    project: Project = DEFAULT_PROJECT,
    results: Results = RESULTS,
    tls_dir: TlsDir = None,
) -> None:
    """Limit the rate of a link, in information bits per second."""
    emulator = Emulator(*only_channel(address, engine, project, results, tls_dir=tls_dir, command="fault"))
    emulator.set(parse_change([f"rate_limit_bps={bits_per_s}"], link))


@fault_app.command()
@reports_errors
def loss(  # noqa: PLR0917 — likewise
    probability: NumberOrNone,
    link: Link = None,
    address: Address = None,
    engine: RunningEngine = None,
    project: Project = DEFAULT_PROJECT,
    results: Results = RESULTS,
    tls_dir: TlsDir = None,
) -> None:
    """Lose the symbols of samples with this probability."""
    emulator = Emulator(*only_channel(address, engine, project, results, tls_dir=tls_dir, command="fault"))
    emulator.set(parse_change([f"loss={probability}"], link))


def _apply_fault(done: str, fault: Callable[[Faults, Target], str], text: str, engine: str, project: str) -> None:
    require_compose(engine, "fault")
    target = parse_target(text)
    with docker_engine() as client:
        name = fault(Faults(client, check_project_name(project)), target)
    typer.echo(f"{name} of project {project}: {done}")
