"""`splitwave fault`: injects faults into a testbed's containers."""

from collections.abc import Callable
from typing import Annotated

import typer

from splitwave.testbed.commands.options import COMPOSE, DetachedEngine, Project, require_compose
from splitwave.testbed.compose.detached import DEFAULT_PROJECT, check_project_name
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.faults import Faults
from splitwave.testbed.compose.target import Target, parse_target
from splitwave.testbed.terminal.reporting import reports_errors

fault_app = typer.Typer(no_args_is_help=True, help="Inject faults into a testbed's containers.")

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


def _apply_fault(done: str, fault: Callable[[Faults, Target], str], text: str, engine: str, project: str) -> None:
    require_compose(engine, "fault")
    target = parse_target(text)
    with docker_engine() as client:
        name = fault(Faults(client, check_project_name(project)), target)
    typer.echo(f"{name} of project {project}: {done}")
