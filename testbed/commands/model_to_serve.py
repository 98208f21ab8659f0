"""The model that a station is to serve: a model folder, or a run that is exported for the purpose."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from splitwave.common.errors import CheckpointError, ConfigError
from splitwave.common.records.model_folder import MODEL_FILE
from splitwave.testbed.results.checkpoint_folder import find_checkpoint

ENTRY_POINT_GROUP = "splitwave.exporters"
_NAME = "model"

RunOrModel = typer.Argument(
    metavar="RUN",
    help="A results or checkpoint folder, which is exported first, or a model folder of `splitwave export`.",
)
ConsentingPythonPath = Annotated[
    Path | None,
    typer.Option(
        "--python-path",
        metavar="DIR",
        help="Run what the model's settings name as module:object, and import it from this folder.",
        show_default=False,
    ),
]

Exporter = Callable[[Path, Path, Path | None, Path | None, Callable[[str], None]], None]
"""Takes the checkpoint, the new folder, the data sets, the modules of a user's own, and a function for progress."""


@contextmanager
def model_to_serve(path: Path, data_dir: Path | None, python_path: Path | None) -> Iterator[Path]:
    """Yield a model folder: the one at `path`, or the temporary export of the run there.

    Args:
        path: as in `RunOrModel`.
        data_dir: folder with the data sets that an export is compared on.
        python_path: folder of the modules of a user's own.

    Raises:
        CheckpointError: there is neither a run nor a model.
        SplitwaveError: the run cannot be exported; the class says why.
    """
    if (path / MODEL_FILE).is_file():
        yield path
        return
    checkpoint = _checkpoint(path)
    export = _load_exporter(path)
    with TemporaryDirectory(prefix="splitwave-model-") as temporary:
        model = Path(temporary) / "model"
        export(checkpoint, model, data_dir, python_path, lambda line: typer.echo(line, err=True))
        yield model


def _checkpoint(path: Path) -> Path:
    try:
        return find_checkpoint(path, "RUN")
    except CheckpointError as error:
        if not path.exists():
            raise
        raise CheckpointError(f"{error}, and for the model folder's {path / MODEL_FILE}") from None


def _load_exporter(path: Path) -> Exporter:
    """Load the exporter from the entry-point group `splitwave.exporters`.

    Raises:
        ConfigError: none is installed.
    """
    for entry in entry_points(group=ENTRY_POINT_GROUP, name=_NAME):
        exporter: Exporter = entry.load()
        return exporter
    raise ConfigError(
        f"RUN {path}: no exporter of runs is installed: install Splitwave again, with pip install 'splitwave[export]', "
        "or name a folder that `splitwave export` wrote"
    )
