"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Engine = Annotated[str, typer.Option(metavar="NAME", help="What carries the run out: process or inprocess.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        envvar="SPLITWAVE_DATA_DIR",
        metavar="DIR",
        help="Folder with the data sets; without one, each data set's own source.",
        show_default=False,
    ),
]
Results = Annotated[Path, typer.Option(metavar="DIR", help="Folder of all results.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override one setting, such as training.epochs=3."),
]

PROCESS = "process"
RESULTS = Path("results")
