"""`splitwave serve` and `splitwave deploy`: a station that answers live queries, and the model that it uses."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from splitwave.common.errors import ConfigError
from splitwave.common.files.folders import make_output_folder
from splitwave.common.records.model_folder import read_model
from splitwave.common.runtime.address import parse_address, parse_listen_address
from splitwave.testbed.commands.model_to_serve import ConsentingPythonPath, RunOrModel, model_to_serve
from splitwave.testbed.commands.options import DataDir, MaxRestarts, TlsDir, operator_tls
from splitwave.testbed.control_client import deploy as send_model
from splitwave.testbed.control_client import roll_back as send_roll_back
from splitwave.testbed.engine import MAX_RESTARTS
from splitwave.testbed.interruption import run_interruptibly
from splitwave.testbed.processes.serving import Serving
from splitwave.testbed.processes.serving import serve as serve_until_stopped
from splitwave.testbed.terminal.columns import label_rows
from splitwave.testbed.terminal.reporting import print_warning, reports_errors


@reports_errors
def serve(
    run: Annotated[Path, RunOrModel],
    *,
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="The base station.")] = "127.0.0.1:50051",
    channel: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="The channel emulator, which devices connect to.")
    ] = "127.0.0.1:50052",
    no_channel: Annotated[
        bool, typer.Option("--no-channel", help="No emulator: devices connect to the base station.")
    ] = False,
    query_timeout: Annotated[
        str, typer.Option(metavar="S", help="How long a query waits for links at most, in seconds.")
    ] = "2",
    trust: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Take only models signed by the key in this file.", show_default=False),
    ] = None,
    certificates: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The folder of `splitwave certs init`; without it plaintext.", show_default=False
        ),
    ] = None,
    testbed: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Lease links only to devices whose certificates name this testbed (`splitwave certs add --testbed`).",
            show_default=False,
        ),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen in plaintext where other machines reach this one.")
    ] = False,
    logs: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the logs of both processes there.", show_default=False),
    ] = None,
    data_dir: DataDir = None,
    python_path: ConsentingPythonPath = None,
    max_restarts: MaxRestarts = MAX_RESTARTS,
) -> None:
    """Answer the queries of live devices with the model of a run, until stopped."""
    parse_listen_address(listen, "--listen")
    parse_listen_address(channel, "--channel")
    with (
        TemporaryDirectory(prefix="splitwave-serve-") as temporary,
        model_to_serve(run, data_dir, python_path) as model,
    ):
        log_dir = Path(temporary)
        if logs is not None:
            make_output_folder(logs, "--logs")
            log_dir = logs
        request = Serving(
            model,
            listen,
            None if no_channel else channel,
            query_timeout,
            log_dir,
            Path(temporary),
            trusted=trust,
            certificates=certificates,
            testbed=testbed,
            insecure=insecure,
            python_path=python_path,
            max_restarts=max_restarts,
        )
        serve_until_stopped(request, _announce, print_warning)


@reports_errors
def deploy(
    run: Annotated[Path | None, RunOrModel] = None,
    *,
    to: Annotated[str, typer.Option("--to", metavar="HOST:PORT", help="The base station of `splitwave serve`.")],
    roll_back: Annotated[
        bool, typer.Option("--roll-back", help="Use the model before the one in use again, instead of a new one.")
    ] = False,
    tls_dir: TlsDir = None,
    data_dir: DataDir = None,
    python_path: ConsentingPythonPath = None,
) -> None:
    """Make a serving station and its devices use another model, without losing a query."""
    address, tls = parse_address(to, "--to"), operator_tls(tls_dir)
    if (run is None) != roll_back:
        raise ConfigError("splitwave deploy: expected RUN or --roll-back, and not both")
    if run is None:
        reply = run_interruptibly(send_roll_back(address, tls))
    else:
        with model_to_serve(run, data_dir, python_path) as model:
            read_model(model)  # a damaged folder is not worth sending
            reply = run_interruptibly(send_model(address, model, tls))
    typer.echo(f"model {reply.version} is in use (number {reply.number}), by {reply.devices} connected devices")


def _announce(basestation: str, uplink: str) -> None:
    rows = [
        ("devices", f"connect to {uplink}"),
        ("base station", f"{basestation}, for `status` and `deploy`"),
    ]
    typer.echo("\n".join([*label_rows(rows), "Ctrl-C stops both"]))
