"""`splitwave status`: how running testbeds do."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from common.errors import UnreachableError
from common.pb import control_pb2 as pb
from common.rpc import parse_address
from testbed.announcement import running_testbeds
from testbed.commands.options import RESULTS, Results
from testbed.control_client import get_status, stage_name
from testbed.reporting import reports_errors


@reports_errors
def status(
    address: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="The base station; without one, all that run here.", show_default=False),
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Show stage, epoch and links of a running base station."""
    if address is not None:
        addresses = [parse_address(address, "--address")]
    else:
        addresses = [testbed.basestation for testbed in running_testbeds(results)]
    if not addresses:
        raise UnreachableError(f"no testbed is running whose results go to {results}: give --address or --results")
    for each in addresses:
        _show(each, get_status(each))


def _show(address: str, run: pb.RunStatus) -> None:
    typer.echo(f"run {run.run_id} at {address}: {stage_name(run.stage)}{_progress(run)}")
    if run.failure:
        typer.echo(f"failure: {run.failure}")
    Console(markup=False, highlight=False).print(_links(run))


def _progress(run: pb.RunStatus) -> str:
    if run.stage != pb.STAGE_TRAINING:
        return ""
    return f", epoch {min(run.epoch + 1, run.epochs)}/{run.epochs}, step {run.step}/{run.steps}"


def _links(run: pb.RunStatus) -> Table:
    table = Table("link", "device", "peer", "ready", "blocks")
    for link in run.links:
        ready = "yes" if link.ready else "no"
        table.add_row(str(link.link), link.device_id or "(free)", link.peer, ready, str(link.blocks))
    return table
