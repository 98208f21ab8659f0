"""`splitwave beta`: changes and shows the β of a testbed while it serves."""

import math
from typing import Annotated

import typer

from splitwave.common.errors import ConfigError
from splitwave.common.limits import MAX_LINKS
from splitwave.testbed.commands.discovery import Address, RunningEngine, only_basestation
from splitwave.testbed.commands.options import RESULTS, Project, Results, TlsDir
from splitwave.testbed.compose.detached import DEFAULT_PROJECT
from splitwave.testbed.control_client import get_status, set_beta
from splitwave.testbed.terminal.reporting import reports_errors

beta_app = typer.Typer(
    no_args_is_help=True, help="Change or show the beta of a serving testbed (β-conditioned networks)."
)


# Without this, the value -1 would be refused as an unknown option instead of as a number out of range.
@beta_app.command("set", context_settings={"ignore_unknown_options": True})
@reports_errors
def set_(  # noqa: PLR0917 — each is an option of the command line
    value: Annotated[float, typer.Argument(metavar="VALUE", help="The new β, within the range used in training.")],
    link: Annotated[
        int | None,
        typer.Option(
            metavar="K", help="The link, from 0; all links by default.", min=0, max=MAX_LINKS - 1, show_default=False
        ),
    ] = None,
    address: Address = None,
    engine: RunningEngine = None,
    project: Project = DEFAULT_PROJECT,
    results: Results = RESULTS,
    tls_dir: TlsDir = None,
) -> None:
    """Serve with another β from the next query on."""
    if not math.isfinite(value):
        raise ConfigError(f"beta set {value}: expected a finite number")
    basestation, tls = only_basestation(address, engine, project, results, tls_dir=tls_dir, command="beta")
    _print(set_beta(basestation, link, value, tls))


@beta_app.command()
@reports_errors
def show(
    address: Address = None,
    engine: RunningEngine = None,
    project: Project = DEFAULT_PROJECT,
    results: Results = RESULTS,
    tls_dir: TlsDir = None,
) -> None:
    """Print the β with which each link serves."""
    basestation, tls = only_basestation(address, engine, project, results, tls_dir=tls_dir, command="beta")
    links = get_status(basestation, tls).links
    if not all(link.HasField("beta") for link in links):
        raise ConfigError(
            f"the networks of the run at {basestation} are not β-conditioned: its settings have no hypernetwork.beta"
        )
    _print([link.beta for link in links])


def _print(betas: list[float]) -> None:
    for link, beta in enumerate(betas):
        typer.echo(f"link {link}  β {beta}")
