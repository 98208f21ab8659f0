"""`splitwave init`: files to start from."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.config.shipped import COMPOSE_FILE, CONFIGS
from splitwave.common.errors import ConfigError
from splitwave.common.files.folders import make_output_folder
from splitwave.testbed.terminal.reporting import reports_errors


@reports_errors
def init(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to; made if missing.")]) -> None:
    """Copy the shipped configurations and the compose file into a folder, to start from."""
    sources = {Path(COMPOSE_FILE.name): COMPOSE_FILE} | {
        Path(CONFIGS.name) / path.relative_to(CONFIGS): path for path in sorted(CONFIGS.rglob("*")) if path.is_file()
    }
    taken = [str(folder / name) for name in sources if (folder / name).exists()]
    if taken:
        raise ConfigError(f"init {folder}: {taken[0]} exists already, and is not overwritten; name another folder")
    make_output_folder(folder, "init")
    for name, source in sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
    typer.echo(
        f"{len(sources)} files in {folder}; after changes to configs/demo.yaml:\n"
        f"  splitwave train -c {folder / CONFIGS.name / 'demo.yaml'}"
    )
