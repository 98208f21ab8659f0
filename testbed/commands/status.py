"""`splitwave status`: how running testbeds do."""

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from common.errors import ConfigError, UnreachableError
from common.pb import control_pb2 as pb
from common.rpc import parse_address
from testbed.announcement import running_testbeds
from testbed.commands.options import PROCESS, RESULTS, Project, Results, require_compose
from testbed.compose.containers import Part, find_parts
from testbed.compose.docker_api import docker_engine
from testbed.compose.overview import COLUMNS, measure, row
from testbed.compose.standing import DEFAULT_PROJECT, check_project_name
from testbed.compose.watching import address_of
from testbed.control_client import get_status, stage_name
from testbed.reporting import reports_errors


@reports_errors
def status(
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="The base station; without one, all that run here.", show_default=False),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(metavar="NAME", help="compose: of a project's containers, too.", show_default=False)
    ] = None,
    project: Project = DEFAULT_PROJECT,
    results: Results = RESULTS,
) -> None:
    """Show stage, epoch and links of a running base station."""
    if engine in (None, PROCESS):
        _show_all([parse_address(address, "--address")] if address else _announced(results))
        return
    require_compose(engine, "status")
    if address is not None:
        raise ConfigError(f"--address {address}: with --engine compose the containers tell where the base station is")
    _show_project(check_project_name(project))


def _announced(results: Path) -> list[str]:
    addresses = [testbed.basestation for testbed in running_testbeds(results)]
    if not addresses:
        raise UnreachableError(
            f"no testbed is running whose results go to {results}: give --address, --results or --engine compose"
        )
    return addresses


def _show_all(addresses: list[str]) -> None:
    for each in addresses:
        _show(each, get_status(each))


def _show_project(project: str) -> None:
    with docker_engine() as client:
        parts = find_parts(client, project)
    if not parts:
        raise UnreachableError(f"project {project} has no containers: start it with `splitwave up`")
    address = address_of(parts, "basestation")
    try:
        if address is None:
            raise UnreachableError("the base station is not reachable: its container publishes no port now")
        _show(address, get_status(address))
    except UnreachableError as error:  # the containers have the more to tell
        typer.echo(str(error))
    _print(_containers(parts))


def _show(address: str, run: pb.RunStatus) -> None:
    typer.echo(f"run {run.run_id} at {address}: {stage_name(run.stage)}{_progress(run)}{_history(run)}")
    if run.failure:
        typer.echo(f"failure: {run.failure}")
    _print(_links(run))


def _progress(run: pb.RunStatus) -> str:
    if run.stage != pb.STAGE_TRAINING:
        return ""
    return f", epoch {min(run.epoch + 1, run.epochs)}/{run.epochs}, step {run.step}/{run.steps}"


def _history(run: pb.RunStatus) -> str:
    restarts = f", started over {run.restarts} times" if run.restarts else ""
    return restarts + (f", {run.queries} queries answered" if run.queries else "")


def _links(run: pb.RunStatus) -> Table:
    table = Table("link", "device", "peer", "ready", "late", "blocks")
    for link in run.links:
        ready, late = ("yes" if flag else "no" for flag in (link.ready, link.late))
        table.add_row(str(link.link), link.device_id or "(free)", link.peer, ready, late, str(link.blocks))
    return table


def _containers(parts: list[Part]) -> Table:
    table = Table(*COLUMNS, box=box.SIMPLE, padding=(0, 1, 0, 0))
    for part, load in zip(parts, measure(parts), strict=True):
        table.add_row(*row(part, load))
    return table


def _print(table: Table) -> None:
    Console(markup=False, highlight=False).print(table)
