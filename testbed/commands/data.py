"""`splitwave data`: data sets made of other files."""

from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.errors import ConfigError
from splitwave.testbed.terminal.reporting import reports_errors

data_app = typer.Typer(no_args_is_help=True, help="Data sets made of other files.")


@data_app.command("import-images")
@reports_errors
def import_images(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with train/CLASS/IMAGE and test/CLASS/IMAGE.")],
    out: Annotated[
        Path | None,
        typer.Option(
            envvar="SPLITWAVE_DATA_DIR",
            metavar="DIR",
            help="Data directory to put the data set in, under its own name.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make the data set cifar10-jpeg of images of 32 × 32 pixels, ten classes, a folder each."""
    from splitwave.testbed.image_import import import_images as write_data_set  # noqa: PLC0415 — Pillow is slow to import

    if out is None:
        raise ConfigError("--out: name a data directory to put the data set in, here or as SPLITWAVE_DATA_DIR")
    folder, counts = write_data_set(source, out)
    typer.echo(f"{counts['train']} training and {counts['test']} test images of cifar10-jpeg are in {folder}")
