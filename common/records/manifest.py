"""The manifest of a published checkpoint, which says which weights it holds, and for which settings."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import ValidationError

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError
from splitwave.common.files.full_disk import naming_full_disk
from splitwave.common.files.whole_file import write_durable_json
from splitwave.common.records.results import EpochRecord, epoch_from_fields

MANIFEST_FILE = "checkpoint.json"
BASESTATION_PART = "basestation.safetensors"


def device_part(link: int) -> str:
    """Return the file name of one device's part."""
    return f"device-{link}.safetensors"


def is_checkpoint_file(name: str) -> bool:
    """Whether a file of a `--state` folder belongs to the checkpoint; the ids of devices and partial files do not."""
    return name == MANIFEST_FILE or (name.endswith(".safetensors") and not name.startswith("."))


def check_weights(path: Path, found: str, expected: str) -> None:
    """Compare the digest of a part's weights with the manifest's.

    Raises:
        CheckpointError: they differ.
    """
    if found != expected:
        raise CheckpointError(f"{path}: holds weights {found[:12]}…, the checkpoint says {expected[:12]}…")


def _shaping(config: RunConfig) -> dict[str, object]:
    """By dotted path, the settings that shape weights. The seed of a view's crops and noise decides their content."""
    sections = {name: getattr(config, name) for name in ("data", "encoder", "decoder", "quantizer")}
    settings = {f"{name}.{leaf}": value for name, section in sections.items() for leaf, value in section}
    return {"links": config.links, **settings, "data.seed": None}


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest, which publishes a checkpoint when it is written, after every part is acknowledged.

    Attributes:
        step: training steps that the weights have taken.
        settings_json: the run's resolved settings.
        device_sha256: digest of each device's weights, by link.
        basestation_sha256: digest of the base station's weights.
        device_ids: by link, the device that has the part; empty if all parts are in one folder, and in manifests of
            earlier versions.
        epochs: the records of the training; empty in manifests of earlier versions and of runs in one process.
        data_digest: of the data that it used; empty likewise.
    """

    step: int
    settings_json: str
    device_sha256: tuple[str, ...]
    basestation_sha256: str
    device_ids: tuple[str, ...] = ()
    epochs: tuple[EpochRecord, ...] = ()
    data_digest: str = ""

    @property
    def config(self) -> RunConfig:
        """The settings that trained these weights."""
        return RunConfig.model_validate_json(self.settings_json)

    def publish(self, folder: Path) -> None:
        """Write the manifest into a folder that holds all parts.

        Raises:
            DiskFullError: the disk is full.
        """
        with naming_full_disk(folder):
            write_durable_json(folder / MANIFEST_FILE, asdict(self))

    @staticmethod
    def withdraw(folder: Path) -> None:
        """Delete the manifest before parts are overwritten, so that parts of two runs never pass as one checkpoint."""
        (folder / MANIFEST_FILE).unlink(missing_ok=True)

    def check_fits(self, config: RunConfig, folder: Path) -> None:
        """Check that a run's settings fit the checkpoint, as far as they shape its weights.

        Raises:
            CheckpointError: it was trained for other links, data, encoder, decoder or quantizer.
        """
        trained, wanted = _shaping(self.config), _shaping(config)
        for setting, value in trained.items():
            if value != wanted[setting]:
                raise CheckpointError(f"{folder}: trained with {setting} = {value}, this run has {wanted[setting]}")

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of a checkpoint folder.

        Raises:
            CheckpointError: there is none, or it is damaged.
        """
        path = folder / MANIFEST_FILE
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            manifest = cls(
                step=int(fields["step"]),
                settings_json=str(fields["settings_json"]),
                device_sha256=tuple(map(str, fields["device_sha256"])),
                basestation_sha256=str(fields["basestation_sha256"]),
                device_ids=tuple(map(str, fields.get("device_ids", ()))),
                epochs=tuple(map(epoch_from_fields, fields.get("epochs", ()))),
                data_digest=str(fields.get("data_digest", "")),
            )
            links = manifest.config.links
        except FileNotFoundError:
            raise CheckpointError(f"{path}: no published checkpoint there") from None
        except ValidationError:
            raise CheckpointError(f"{path}: its settings are not those of this version") from None
        except KeyError as error:
            raise CheckpointError(f"{path}: not a checkpoint manifest: it lacks {error}") from None
        except (OSError, ValueError, TypeError, OverflowError, RecursionError) as error:  # the last: nested too deeply
            raise CheckpointError(f"{path}: not a checkpoint manifest: {error}") from None
        if len(manifest.device_sha256) != links:
            raise CheckpointError(f"{path}: {len(manifest.device_sha256)} device parts for {links} links")
        return manifest
