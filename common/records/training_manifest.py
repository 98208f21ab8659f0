"""The manifest of a checkpoint in the middle of a training, in a folder of its own beside the final checkpoint."""

import json
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import ValidationError

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError
from splitwave.common.files.full_disk import naming_full_disk
from splitwave.common.files.whole_file import write_durable_json
from splitwave.common.records.continuation import check_continues
from splitwave.common.records.results import EpochRecord, epoch_from_fields

TRAINING_MANIFEST_FILE = "training.json"
_FORMAT = 1
_FOLDER = "step-"


def step_folder(root: Path, step: int) -> Path:
    """Return the folder of the training parts after so many steps, in a folder for checkpoints."""
    return root / f"{_FOLDER}{step:06d}"


def step_folders(root: Path) -> dict[int, Path]:
    """Return the folders of training parts by step, in ascending order, complete or not."""
    numbered = ((path.name.removeprefix(_FOLDER), path) for path in root.glob(f"{_FOLDER}*"))
    return dict(sorted((int(step), path) for step, path in numbered if step.isdecimal()))


@dataclass(frozen=True, slots=True)
class TrainingManifest:
    """The manifest, which publishes a checkpoint when it is written, after every part is on its disk.

    Attributes:
        step: training steps behind the parts.
        settings_json: the run's resolved settings.
        data_digest: of the run's data.
        device_sha256: digest of each device's part, by link.
        basestation_sha256: digest of the base station's part.
        device_ids: by link, the device that has the part; empty if all parts are in one folder.
        epochs: the records of all finished epochs.
        sums: of the epoch under way, by name; empty after the last step of an epoch.
    """

    step: int
    settings_json: str
    data_digest: str
    device_sha256: tuple[str, ...]
    basestation_sha256: str
    device_ids: tuple[str, ...] = ()
    epochs: tuple[EpochRecord, ...] = ()
    sums: Mapping[str, float] = field(default_factory=dict)

    @property
    def config(self) -> RunConfig:
        """The settings of the training."""
        return RunConfig.model_validate_json(self.settings_json)

    def publish(self, root: Path) -> None:
        """Write the manifest into the folder of its step, which holds all parts.

        Raises:
            DiskFullError: the disk is full.
            CheckpointError: it cannot be written for another reason.
        """
        path = step_folder(root, self.step) / TRAINING_MANIFEST_FILE
        try:
            with naming_full_disk(path):
                write_durable_json(path, {"format": _FORMAT, **asdict(self)})
        except OSError as error:
            raise CheckpointError(f"{path}: cannot be written: {error}") from None

    @staticmethod
    def withdraw(root: Path, step: int) -> None:
        """Delete the manifest of a step before its parts are overwritten or deleted.

        Raises:
            CheckpointError: it cannot be deleted.
        """
        path = step_folder(root, step) / TRAINING_MANIFEST_FILE
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise CheckpointError(f"{path}: cannot be deleted: {error}") from None

    def check_continues(self, config: RunConfig, folder: Path) -> None:
        """Check that training can go on under these settings as if it had begun under them.

        Raises:
            CheckpointError: settings that decide the result differ; the message names them, with both values.
        """
        check_continues(self.config, config, folder)

    def check_data(self, data_digest: str, folder: Path) -> None:
        """Check that training goes on with the same data.

        Raises:
            CheckpointError: they are others.
        """
        if data_digest != self.data_digest:
            raise CheckpointError(
                f"{folder}: trained with data of digest {self.data_digest[:12]}…, this party has {data_digest[:12]}…"
            )

    @classmethod
    def newest(cls, root: Path) -> "TrainingManifest | None":
        """Read the manifest of the last step that has one; None if there is none.

        Raises:
            CheckpointError: it is damaged.
        """
        published = [path for path in step_folders(root).values() if (path / TRAINING_MANIFEST_FILE).is_file()]
        return cls.read(published[-1]) if published else None

    @classmethod
    def read(cls, folder: Path) -> "TrainingManifest":
        """Read the manifest in the folder of a step.

        Raises:
            CheckpointError: there is none, or it is damaged.
        """
        path = folder / TRAINING_MANIFEST_FILE
        try:
            fields = json.loads(path.read_text(encoding="utf-8"))
            if fields["format"] != _FORMAT:
                raise CheckpointError(f"{path}: has format {fields['format']}, this version reads {_FORMAT}")
            manifest = cls(
                step=fields["step"],
                settings_json=str(fields["settings_json"]),
                data_digest=str(fields["data_digest"]),
                device_sha256=tuple(map(str, fields["device_sha256"])),
                basestation_sha256=str(fields["basestation_sha256"]),
                device_ids=tuple(map(str, fields["device_ids"])),
                epochs=tuple(map(epoch_from_fields, fields["epochs"])),
                sums={str(name): float(value) for name, value in fields["sums"].items()},
            )
            links = manifest.config.links
        except FileNotFoundError:
            raise CheckpointError(f"{path}: no published checkpoint there") from None
        except ValidationError:
            raise CheckpointError(f"{path}: its settings are not those of this version") from None
        except KeyError as error:
            raise CheckpointError(f"{path}: not a training manifest: it lacks {error}") from None
        except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise CheckpointError(f"{path}: not a training manifest: {error}") from None
        if type(manifest.step) is not int or manifest.step < 0:
            raise CheckpointError(f"{path}: step = {manifest.step!r}: expected a whole number, at least 0")
        if len(manifest.device_sha256) != links:
            raise CheckpointError(f"{path}: {len(manifest.device_sha256)} device parts for {links} links")
        return manifest


def discard_parts(root: Path, part: str, kept: Collection[int]) -> None:
    """Delete one party's training parts except those of the `kept` steps, and the folders that are empty then."""
    for step, folder in step_folders(root).items():
        if step not in kept:
            with suppress(OSError):  # what cannot be deleted costs room on the disk, and nothing else
                (folder / part).unlink(missing_ok=True)
                folder.rmdir()


def discard_checkpoints(root: Path, kept: Collection[int]) -> None:
    """Delete all training checkpoints of a folder except those of the `kept` steps, manifests first."""
    for step, folder in step_folders(root).items():
        if step not in kept:
            with suppress(CheckpointError):  # as above
                TrainingManifest.withdraw(root, step)
            shutil.rmtree(folder, ignore_errors=True)
