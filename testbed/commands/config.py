"""`splitwave config`: prints the resolved settings and the schema of config files."""

import json
from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.config.layers import load_config, to_yaml
from splitwave.common.config.run_config import RunConfig
from splitwave.testbed.commands.options import CONFIG, Overrides
from splitwave.testbed.terminal.reporting import reports_errors

config_app = typer.Typer(no_args_is_help=True, help="Print the settings and their schema.")


@config_app.command()
@reports_errors
def show(
    config: Annotated[Path | None, CONFIG] = None,
    overrides: Overrides = None,
) -> None:
    """Print the resolved settings: defaults < file < environment < command line."""
    settings = load_config(config, overrides=overrides or ())
    typer.echo(f"# config_hash: {settings.config_hash}\n{to_yaml(settings)}", nl=False)


@config_app.command()
@reports_errors
def schema() -> None:
    """Print the JSON schema of a config file."""
    typer.echo(json.dumps(RunConfig.model_json_schema(), indent=2))
