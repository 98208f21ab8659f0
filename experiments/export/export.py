"""Exports a run: writes the folder under a temporary name, proves it, and gives it its name."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import load_labels
from splitwave.common.errors import ConfigError, RunFailedError
from splitwave.common.files.folders import make_output_folder
from splitwave.common.files.full_disk import naming_full_disk
from splitwave.common.files.whole_file import write_json
from splitwave.common.records.model_folder import read_model
from splitwave.device.learning.views import Views, load_views
from splitwave.experiments.api.networks import Networks
from splitwave.experiments.export.folder import ModelWriter
from splitwave.experiments.export.int8 import CALIBRATION_SAMPLES
from splitwave.experiments.export.proof import Proof, Prover, Show, sizes
from splitwave.experiments.export.report import REPORT_FILE, Report
from splitwave.experiments.export.settings import conditions_of, settings_for
from splitwave.experiments.export.signing import Signer
from splitwave.testbed.execution import existing_data_dir
from splitwave.testbed.results.checkpoint_folder import read_checkpoint


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A run, and the form in which to export it.

    Attributes:
        checkpoint: folder of a run's checkpoint.
        target: the model folder, which must not exist.
        samples: of the test split, to compare on.
        beta, psnr_db: of all links; None for the run's own.
        conditions_as_input: whether the graphs have the conditions as an input.
        int8: whether to write encoders with 8 bits, too.
        key: file with the private key to sign with; None for the user's own.
        data_dir: folder with the data sets; None for each data set's own source.
        python_path: folder that networks of a user's own are imported from.
    """

    checkpoint: Path
    target: Path
    samples: int
    beta: float | None = None
    psnr_db: float | None = None
    conditions_as_input: bool = False
    int8: bool = False
    key: Path | None = None
    data_dir: Path | None = None
    python_path: Path | None = None


def export_run(request: ExportRequest, show: Show = lambda _: None) -> Report:
    """Export a run; the folder exists afterwards only if it computes what the run's networks compute.

    Args:
        request: the run, and the form.
        show: is called with a line before each step that takes long.

    Raises:
        SplitwaveError: the target exists or cannot be written, the run or its data are missing, a condition is out of
            range, or the exported networks compute something else.
    """
    manifest = read_checkpoint(request.checkpoint)
    config = settings_for(manifest.config, request.beta, request.psnr_db)
    conditions = conditions_of(config, as_input=request.conditions_as_input)
    with _new_folder(request.target) as folder:
        signer = Signer.open(request.key)
        networks = Networks.load(request.checkpoint, replace(manifest, settings_json=config.canonical_json()))
        data_dir = existing_data_dir(request.data_dir)
        views = _views(config, data_dir)
        show("writing the networks")
        calibration = {link: each.train[:CALIBRATION_SAMPLES] for link, each in enumerate(views)}
        ModelWriter(folder, config, conditions, networks).write(signer, calibration if request.int8 else None)
        model = read_model(folder)
        test = [each.test[: request.samples] for each in views]
        labels = load_labels(config.data.choice, "test", data_dir)[: request.samples]
        proof = Prover(model, networks, config, request.python_path).prove(test, labels, show)
        _check(proof)
        version, psnr_db = model.manifest.version, config.channel.psnr_db
        report = Report(version, conditions, psnr_db, proof, sizes(model), config.task)
        write_json(folder / REPORT_FILE, report.tree())
    return report


def _views(config: RunConfig, data_dir: Path | None) -> list[Views]:
    loaded = load_views(config, range(config.links), data_dir)
    return [loaded.of(link) for link in range(config.links)]


def _check(proof: Proof) -> None:
    """Refuse networks that compute something else.

    Raises:
        RunFailedError: values differ that are no ties.
    """
    faulty = [each for each in proof.comparisons if each.faults]
    if faulty:
        counts = "; ".join(
            f"{each.what}: {each.faults} of {each.equal + each.different} {each.unit} (largest difference "
            f"{each.largest_difference:.1e})"
            for each in faulty
        )
        raise RunFailedError(f"the exported networks do not compute what torch computes: {counts}")


@contextmanager
def _new_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder to write to, which has its real name when the `with` ends without an error."""
    if target.exists() or target.is_symlink():
        raise ConfigError(f"DIR {target}: it exists; an export never overwrites, so name a new folder")
    make_output_folder(target.parent, "DIR")
    temporary = target.with_name(f".{target.name}.partial")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with naming_full_disk(target):
            temporary.mkdir()
            yield temporary
            temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
