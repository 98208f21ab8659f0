"""The exporter that `splitwave serve RUN` and `splitwave deploy RUN` find as an entry point."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from splitwave.common.errors import ConfigError
from splitwave.common.named_object import add_python_path

_SAMPLES = 1_000
"""A model that is exported to be used at once is compared on fewer samples than one that is kept."""
_PACKAGES = ("onnx", "onnxruntime")


@contextmanager
def naming_missing_packages(command: str) -> Iterator[None]:
    """Import the export, which needs torch and ONNX, and name the extra that has what is missing.

    Raises:
        ConfigError: a package of the extra is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in _PACKAGES:
            raise
        raise ConfigError(f"{command} needs the package {error.name}: pip install 'splitwave[export]'") from None


def write_model(
    checkpoint: Path, target: Path, data_dir: Path | None, python_path: Path | None, show: Callable[[str], None]
) -> None:
    """Export a checkpoint as `splitwave export` does without options.

    Args:
        checkpoint: folder of a run's checkpoint.
        target: the model folder, which must not exist.
        data_dir: folder with the data sets; None for each data set's own source.
        python_path: folder that networks of a user's own are imported from.
        show: is called with a line before each step that takes long.

    Raises:
        SplitwaveError: see `export_run`; ConfigError if a package is missing.
    """
    with naming_missing_packages(f"the export of {checkpoint}"):
        from splitwave.experiments.export.export import ExportRequest, export_run  # noqa: PLC0415 — it imports torch
    add_python_path(python_path)
    export_run(ExportRequest(checkpoint, target, _SAMPLES, data_dir=data_dir, python_path=python_path), show)
