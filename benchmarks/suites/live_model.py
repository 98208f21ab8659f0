"""The model that live queries are answered with: exported from a run, or a model folder that exists."""

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from splitwave.benchmarks.scope import ModelSource
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.records.model_folder import read_model
from splitwave.device.learning.views import load_views
from splitwave.experiments.api.networks import Networks
from splitwave.experiments.export.settings import conditions_of
from splitwave.experiments.export.signing import Signer
from splitwave.testbed.results.checkpoint_folder import find_checkpoint, read_checkpoint

_COMPARED_SAMPLES = 100
_SUBMITTED_SAMPLES = 256


@dataclass(frozen=True, slots=True)
class LiveModel:
    """A model folder, and samples for it.

    Attributes:
        folder: of the model.
        version: of the model.
        config: settings of its run.
        samples: by link, (n, features) float32 of the test split.
    """

    folder: Path
    version: str
    config: RunConfig
    samples: tuple[Float32, ...]


def settings_of(source: ModelSource) -> RunConfig | None:
    """The settings of the run that was chosen; None if none was.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    if source.model is not None:
        return RunConfig.model_validate_json(read_model(source.model).manifest.settings_json)
    return None if source.run is None else read_checkpoint(source.run).config


def live_model(source: ModelSource, trained: Path, folder: Path, data_dir: Path | None) -> LiveModel:
    """Return the chosen model, exported if it is a run.

    Args:
        source: the choice.
        trained: folder of a checkpoint, for no choice.
        folder: an empty folder for an exported model.
        data_dir: folder with the data sets, or None.

    Raises:
        ConfigError: a package that exports is missing.
        SplitwaveError: the run, the model or the data are missing or damaged.
    """
    path = source.model
    if path is None:
        path = folder / "model"
        _export(find_checkpoint(trained) if source.run is None else source.run, path, data_dir)
    model = read_model(path)
    config = RunConfig.model_validate_json(model.manifest.settings_json)
    views = load_views(config, range(config.links), data_dir)
    samples = tuple(views.of(part.link).test[:_SUBMITTED_SAMPLES] for part in model.devices)
    return LiveModel(path, model.manifest.version, config, samples)


def write_untrained(config: RunConfig, folder: Path, data_dir: Path | None) -> Float32:
    """Write a model of one link whose weights are not trained, on which the cost of an answer does not depend.

    Args:
        config: its settings.
        folder: of the model, which must not exist.
        data_dir: folder with the data sets, or None.

    Returns:
        (n, features) float32 samples of the test split.

    Raises:
        ConfigError: a package that exports is missing.
    """
    try:
        from splitwave.experiments.export.folder import ModelWriter  # noqa: PLC0415 — may be missing
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    folder.mkdir()
    signer = Signer(Ed25519PrivateKey.generate())
    ModelWriter(folder, config, conditions_of(config, as_input=False), Networks(config)).write(signer, None)
    return load_views(config, range(1), data_dir).of(0).test[:_SUBMITTED_SAMPLES]


def _missing(error: ModuleNotFoundError) -> ConfigError:
    return ConfigError(f"splitwave bench live needs the package {error.name}: pip install 'splitwave[export]'")


def _export(checkpoint: Path, target: Path, data_dir: Path | None) -> None:
    try:
        from splitwave.experiments.export.export import ExportRequest, export_run  # noqa: PLC0415 — may be missing
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    key = target.with_name("key.pem")  # the user's own key signs what the user exports
    private = Ed25519PrivateKey.generate()
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    export_run(ExportRequest(checkpoint, target, _COMPARED_SAMPLES, key=key, data_dir=data_dir))
