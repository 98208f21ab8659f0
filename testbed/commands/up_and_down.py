"""`splitwave up`, `down` and `logs`: a testbed that outlives the command that started it."""

from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.config.layers import load_config
from splitwave.common.errors import UnreachableError
from splitwave.common.runtime.standard_streams import output_failure
from splitwave.testbed.commands.options import (
    COMPOSE,
    CONFIG,
    RESULTS,
    DataDir,
    Overrides,
    Project,
    Results,
    StandingEngine,
    require_compose,
)
from splitwave.testbed.compose import detached as standing
from splitwave.testbed.compose.command import board_file
from splitwave.testbed.compose.containers import find_parts
from splitwave.testbed.compose.detached import DEFAULT_PROJECT, Wish, check_project_name
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.log_stream import LogStream
from splitwave.testbed.compose.target import parse_target
from splitwave.testbed.compose.watching import address_of
from splitwave.testbed.execution import existing_data_dir
from splitwave.testbed.preflight import check_data, processor_warning
from splitwave.testbed.terminal.reporting import print_warning, reports_errors


@reports_errors
def up(
    *,
    config: Annotated[Path | None, CONFIG] = None,
    engine: StandingEngine = COMPOSE,
    project: Project = DEFAULT_PROJECT,
    overrides: Overrides = None,
    board: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Make the devices a board's size: a file of configs/boards/."),
    ] = None,
    build: Annotated[bool, typer.Option("--build", help="Build the images first (`make wheels` was run).")] = False,
    data_dir: DataDir = None,
    results: Results = RESULTS,
) -> None:
    """Start a testbed in containers and leave it running: it trains, then answers until it is taken down."""
    require_compose(engine, "up")
    wish = Wish(
        check_project_name(project),
        load_config(config, overrides=overrides or ()),
        existing_data_dir(data_dir),
        board_file(board) if board else None,
        build,
    )
    check_data(wish.config, wish.data_dir, engine)
    print_warning(processor_warning(wish.config, engine, links_per_process=1))
    with docker_engine() as client:
        address = standing.start(client, wish, results)
        channel = address_of(find_parts(client, project), "channel")
    option = "" if project == DEFAULT_PROJECT else f" --project {project}"
    typer.echo(
        f"project {project} is up: {wish.config.links} devices\n"
        f"base station  {address}\n"
        f"channel       {channel or '(not published)'}\n"
        f"watch         splitwave status --engine compose{option}\n"
        f"read          splitwave logs --follow{option}\n"
        f"stop          splitwave down{option}"
    )


@reports_errors
def down(
    engine: StandingEngine = COMPOSE,
    project: Project = DEFAULT_PROJECT,
    volumes: Annotated[
        bool, typer.Option("--volumes", help="Remove checkpoints, results and downloaded data, too.")
    ] = False,
) -> None:
    """Stop and remove a testbed's containers and networks."""
    require_compose(engine, "down")
    with docker_engine() as client:
        left = standing.end(client, check_project_name(project), volumes=volumes)
    typer.echo(f"project {project} is down" + (f"; kept: {', '.join(left)}" if left else "; nothing is left of it"))


@reports_errors
def logs(
    target: Annotated[
        str | None, typer.Argument(metavar="[SERVICE[:N]]", help="Whose output; without one, everybody's.")
    ] = None,
    engine: StandingEngine = COMPOSE,
    project: Project = DEFAULT_PROJECT,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    tail: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Begin with the last N lines of each.", show_default=False)
    ] = None,
) -> None:
    """Print what a testbed's containers wrote."""
    require_compose(engine, "logs")
    with docker_engine() as client:
        parts = find_parts(client, check_project_name(project))
    if not parts:
        raise UnreachableError(f"project {project} has no containers: start it with `splitwave up`")
    if target is not None:
        parts = parse_target(target).choose(parts)
    width = max(len(part.name) for part in parts)
    try:
        for name, line in LogStream(follow, tail).lines(parts):
            typer.echo(line if len(parts) == 1 else f"{name:<{width}} | {line}")
            if output_failure():  # the reader, such as `grep -m1`, has seen enough
                return
    except KeyboardInterrupt:  # how one stops following; nothing was started that would have to be stopped
        return
