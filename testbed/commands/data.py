"""`splitwave data`: imports data sets from other file formats."""

from pathlib import Path
from typing import Annotated

import typer

from splitwave.common.errors import ConfigError
from splitwave.testbed.terminal.reporting import reports_errors

data_app = typer.Typer(no_args_is_help=True, help="Import data sets from other file formats.")


@data_app.command("import-images")
@reports_errors
def import_images(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with train/CLASS/IMAGE and test/CLASS/IMAGE.")],
    out: Annotated[
        Path | None,
        typer.Option(
            envvar="SPLITWAVE_DATA_DIR",
            metavar="DIR",
            help="Data directory in which a folder for the data set is made.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make the data set cifar10-jpeg from images of 32 × 32 pixels in ten folders, one for each class."""
    from splitwave.testbed import image_import  # noqa: PLC0415 — Pillow is slow to import

    if out is None:
        raise ConfigError("--out: name the data directory for the data set, with this option or in SPLITWAVE_DATA_DIR")
    folder, counts = image_import.import_images(source, out)
    typer.echo(f"{counts['train']} training and {counts['test']} test images of cifar10-jpeg are in {folder}")
