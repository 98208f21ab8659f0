"""`splitwave init`: copies the shipped configurations and the compose files."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.config.shipped import COMPOSE_FILE, CONFIGS, SERVING_COMPOSE_FILE
from splitwave.common.errors import ConfigError
from splitwave.common.files.folders import make_output_folder
from splitwave.testbed.terminal.reporting import reports_errors


@reports_errors
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to copy to; made if missing.")],
) -> None:
    """Copy the shipped configurations and the compose files into a folder as a starting point."""
    sources = {Path(file.name): file for file in (COMPOSE_FILE, SERVING_COMPOSE_FILE)} | {
        Path(CONFIGS.name) / path.relative_to(CONFIGS): path for path in sorted(CONFIGS.rglob("*")) if path.is_file()
    }
    taken = [str(folder / name) for name in sources if (folder / name).exists()]
    if taken:
        raise ConfigError(f"init {folder}: {taken[0]} already exists and is not overwritten; name another folder")
    make_output_folder(folder, "init")
    for name, source in sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
    typer.echo(
        f"copied {len(sources)} files to {folder}; edit configs/demo.yaml, then train:\n"
        f"  splitwave train -c {folder / CONFIGS.name / 'demo.yaml'}"
    )
