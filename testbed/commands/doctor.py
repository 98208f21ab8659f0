"""`splitwave doctor`: examines the machine and the installation."""

from typing import Annotated

import typer

from splitwave.testbed.commands.options import COMPOSE, PROCESS, RESULTS, DataDir, Results
from splitwave.testbed.doctor.finding import Circumstances
from splitwave.testbed.doctor.session import run_doctor
from splitwave.testbed.engine import load_engine
from splitwave.testbed.terminal.reporting import reports_errors


@reports_errors
def doctor(
    engine: Annotated[
        str, typer.Option(metavar="NAME", help="The engine to check for; compose: missing Docker is a failure.")
    ] = PROCESS,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object instead of a table.")] = False,
    data_dir: DataDir = None,
    results: Results = RESULTS,
) -> None:
    """Check the machine and the installation; the output belongs in every bug report."""
    load_engine(engine)
    code = run_doctor(Circumstances(data_dir, results, needs_docker=engine == COMPOSE), json=json)
    if code:
        raise typer.Exit(code)
