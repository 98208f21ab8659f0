"""`splitwave status`: shows the state of running testbeds."""

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from splitwave.common.errors import UnreachableError
from splitwave.common.runtime.tls_folder import TlsFolder
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.testbed.commands.discovery import (
    Address,
    RunningEngine,
    check_compose_alone,
    named_or_announced,
    parts_of,
    published_address,
    tls_of_project,
)
from splitwave.testbed.commands.options import PROCESS, RESULTS, Project, Results, TlsDir, operator_tls
from splitwave.testbed.compose.container_table import COLUMNS, measure_loads, table_row
from splitwave.testbed.compose.containers import Part
from splitwave.testbed.compose.detached import DEFAULT_PROJECT
from splitwave.testbed.control_client import get_status, stage_name
from splitwave.testbed.terminal.reporting import print_warning, reports_errors

_UNLIMITED = 10_000


@reports_errors
def status(
    address: Address = None,
    engine: RunningEngine = None,
    project: Project = DEFAULT_PROJECT,
    results: Results = RESULTS,
    tls_dir: TlsDir = None,
) -> None:
    """Show the stage, the epoch and the links of running testbeds."""
    if engine in (None, PROCESS):
        _show_all(named_or_announced(address, results), operator_tls(tls_dir))
        return
    check_compose_alone(engine, address, "status")
    _show_project(project, operator_tls(tls_dir) or tls_of_project(project))


def _show_all(addresses: list[str], tls: TlsFolder | None) -> None:
    """Show every testbed that answers; it is an error only if none does.

    Raises:
        UnreachableError: no base station answers.
    """
    silent = []
    for address in addresses:
        try:
            _show(address, get_status(address, tls))
        except UnreachableError as error:
            silent.append(error)
    if len(silent) == len(addresses):
        raise silent[0]
    for each in silent:
        print_warning(str(each))


def _show_project(project: str, tls: TlsFolder | None) -> None:
    parts = parts_of(project)
    try:
        address = published_address(parts)
        _show(address, get_status(address, tls))
    except UnreachableError as error:  # the table of the containers is shown in any case
        typer.echo(str(error))
    _print(_containers(parts))


def _show(address: str, run: pb.RunStatus) -> None:
    what = "station" if run.model_number else "run"
    model = f" model {run.model_version} (number {run.model_number})" if run.model_number else ""
    typer.echo(f"{what} {run.run_id} at {address}: {stage_name(run.stage)}{model}{_progress(run)}{_history(run)}")
    if run.failure:
        typer.echo(f"failure: {run.failure}")
    _print(_links(run))


def _progress(run: pb.RunStatus) -> str:
    if run.stage != pb.STAGE_TRAINING:
        return ""
    return f", epoch {min(run.epoch + 1, run.epochs)}/{run.epochs}, step {run.step}/{run.steps}"


def _history(run: pb.RunStatus) -> str:
    by_links = [_answered_by(each) for each in run.by_links if len(each.links) < len(run.links)]
    restarts = f", started over {run.restarts} times" if run.restarts else ""
    answered = f", {run.queries} queries answered" if run.queries else ""
    return restarts + answered + (f" ({', '.join(by_links)})" if by_links else "")


def _answered_by(served: pb.ServedByLinks) -> str:
    plural = "s" if len(served.links) > 1 else ""
    return f"{served.totals.queries} by link{plural} {' '.join(map(str, served.links))} alone"


def _links(run: pb.RunStatus) -> Table:
    has_beta = any(link.HasField("beta") for link in run.links)
    table = Table("link", "device", "peer", "ready", "late", "blocks", *(["β"] if has_beta else []))
    for link in run.links:
        ready, late = ("yes" if flag else "no" for flag in (link.ready, link.late))
        beta = [f"{link.beta:g}"] if has_beta else []
        table.add_row(str(link.link), link.device_id or "(free)", link.peer, ready, late, str(link.blocks), *beta)
    return table


def _containers(parts: list[Part]) -> Table:
    table = Table(*COLUMNS, box=box.SIMPLE, padding=(0, 1, 0, 0))
    for part, load in zip(parts, measure_loads(parts), strict=True):
        table.add_row(*table_row(part, load))
    return table


def _print(table: Table) -> None:
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = _UNLIMITED  # a program that reads a pipe needs each row in one line, and each name in one piece
    console.print(table)
