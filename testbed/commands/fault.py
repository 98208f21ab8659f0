"""`splitwave fault`: harm done to a testbed's containers on purpose."""

from collections.abc import Callable
from typing import Annotated

import typer

from splitwave.testbed.commands.options import COMPOSE, Project, StandingEngine, require_compose
from splitwave.testbed.compose.detached import DEFAULT_PROJECT, check_project_name
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.faults import Faults
from splitwave.testbed.compose.target import Target, parse_target
from splitwave.testbed.terminal.reporting import reports_errors

fault_app = typer.Typer(no_args_is_help=True, help="Harm a testbed's containers on purpose.")

Victim = Annotated[str, typer.Argument(metavar="SERVICE[:N]", help="The container, such as channel or device:2.")]


@fault_app.command()
@reports_errors
def kill(target: Victim, engine: StandingEngine = COMPOSE, project: Project = DEFAULT_PROJECT) -> None:
    """Crash a container; its restart policy brings it back."""
    _inflict("killed", Faults.kill, target, engine, project)


@fault_app.command()
@reports_errors
def pause(target: Victim, engine: StandingEngine = COMPOSE, project: Project = DEFAULT_PROJECT) -> None:
    """Freeze a container until `resume`."""
    _inflict("paused", Faults.pause, target, engine, project)


@fault_app.command()
@reports_errors
def resume(target: Victim, engine: StandingEngine = COMPOSE, project: Project = DEFAULT_PROJECT) -> None:
    """Undo a pause or a partition."""
    _inflict("resumed", Faults.resume, target, engine, project)


@fault_app.command()
@reports_errors
def partition(target: Victim, engine: StandingEngine = COMPOSE, project: Project = DEFAULT_PROJECT) -> None:
    """Cut a container off from the others until `resume`."""
    _inflict("cut off", Faults.partition, target, engine, project)


@fault_app.command()
@reports_errors
def restart(target: Victim, engine: StandingEngine = COMPOSE, project: Project = DEFAULT_PROJECT) -> None:
    """Let a container drain and leave, and start it again."""
    _inflict("restarted", Faults.restart, target, engine, project)


def _inflict(done: str, harm: Callable[[Faults, Target], str], text: str, engine: str, project: str) -> None:
    require_compose(engine, "fault")
    target = parse_target(text)
    with docker_engine() as client:
        name = harm(Faults(client, check_project_name(project)), target)
    typer.echo(f"{name} of project {project}: {done}")
