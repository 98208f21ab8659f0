"""`splitwave up`, `down` and `logs`: manage a testbed that keeps running after the command that started it."""

from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.config.data_facts import with_data_facts
from splitwave.common.config.layers import load_config
from splitwave.common.runtime.standard_streams import output_failure
from splitwave.testbed.commands.checkpoint_options import MOST
from splitwave.testbed.commands.discovery import parts_of
from splitwave.testbed.commands.options import (
    COMPOSE,
    CONFIG,
    RESULTS,
    DataDir,
    DetachedEngine,
    Overrides,
    Project,
    Results,
    require_compose,
)
from splitwave.testbed.compose.compose_command import board_file
from splitwave.testbed.compose.containers import find_parts
from splitwave.testbed.compose.detached import (
    DEFAULT_PROJECT,
    UpRequest,
    check_project_name,
    start_detached,
    stop_detached,
)
from splitwave.testbed.compose.docker_api import docker_engine
from splitwave.testbed.compose.log_stream import LogStream
from splitwave.testbed.compose.reachability import address_of
from splitwave.testbed.compose.target import parse_target
from splitwave.testbed.execution import existing_data_dir
from splitwave.testbed.preflight import check_data, processor_warning
from splitwave.testbed.terminal.reporting import print_warning, reports_errors


@reports_errors
def up(
    *,
    config: Annotated[Path | None, CONFIG] = None,
    engine: DetachedEngine = COMPOSE,
    project: Project = DEFAULT_PROJECT,
    overrides: Overrides = None,
    board: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Limit the devices to a board's speed and memory (configs/boards/NAME.yaml)."
        ),
    ] = None,
    checkpoint_every: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MOST,
            metavar="N",
            help="Keep a checkpoint to go on from after each N steps; 0 for none; by default CHECKPOINT_EVERY of .env.",
            show_default=False,
        ),
    ] = None,
    build: Annotated[bool, typer.Option("--build", help="Build the images first (requires `make wheels`).")] = False,
    data_dir: DataDir = None,
    results: Results = RESULTS,
) -> None:
    """Start a testbed in containers and leave it running: it trains, then serves until it is taken down."""
    require_compose(engine, "up")
    data_folder = existing_data_dir(data_dir)
    request = UpRequest(
        check_project_name(project),
        with_data_facts(load_config(config, overrides=overrides or ()), data_folder),
        data_folder,
        board_file(board) if board else None,
        build,
        {} if checkpoint_every is None else {"CHECKPOINT_EVERY": str(checkpoint_every)},
    )
    check_data(request.config, request.data_dir, engine)
    print_warning(processor_warning(request.config, engine, links_per_process=1))
    with docker_engine() as client:
        address = start_detached(client, request, results)
        channel = address_of(find_parts(client, project), "channel")
    option = "" if project == DEFAULT_PROJECT else f" --project {project}"
    typer.echo(
        f"project {project} is up: {request.config.links} devices\n"
        f"base station  {address}\n"
        f"channel       {channel or '(not published)'}\n"
        f"watch         splitwave status --engine compose{option}\n"
        f"read          splitwave logs --follow{option}\n"
        f"stop          splitwave down{option}"
    )


@reports_errors
def down(
    engine: DetachedEngine = COMPOSE,
    project: Project = DEFAULT_PROJECT,
    volumes: Annotated[
        bool, typer.Option("--volumes", help="Also remove checkpoints, results and downloaded data.")
    ] = False,
) -> None:
    """Stop and remove a testbed's containers and networks."""
    require_compose(engine, "down")
    with docker_engine() as client:
        kept = stop_detached(client, check_project_name(project), volumes=volumes)
    typer.echo(f"project {project} is down" + (f"; kept: {', '.join(kept)}" if kept else "; nothing is left of it"))


@reports_errors
def logs(
    target: Annotated[
        str | None, typer.Argument(metavar="[SERVICE[:N]]", help="The containers to read; by default all of them.")
    ] = None,
    engine: DetachedEngine = COMPOSE,
    project: Project = DEFAULT_PROJECT,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new lines until Ctrl-C.")] = False,
    tail: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Begin with the last N lines of each container.", show_default=False),
    ] = None,
) -> None:
    """Print the output of a testbed's containers."""
    require_compose(engine, "logs")
    parts = parts_of(project)
    if target is not None:
        parts = parse_target(target).choose(parts)
    width = max(len(part.name) for part in parts)
    try:
        for name, line in LogStream(follow, tail).lines(parts):
            typer.echo(line if len(parts) == 1 else f"{name:<{width}} | {line}")
            if output_failure():  # the reader, such as `grep -m1`, has seen enough
                return
    except KeyboardInterrupt:  # Ctrl-C is the way to stop following; this command started nothing to clean up
        return
