"""The parts of checkpoints that the devices of one process write and read."""

from pathlib import Path

from torch import nn

from splitwave.common.errors import CheckpointError
from splitwave.common.records.checkpoint import check_state_dir, load_part, save_part
from splitwave.common.records.manifest import device_part
from splitwave.common.records.training_manifest import discard_parts, step_folder, step_folders
from splitwave.common.records.training_part import TrainingPart
from splitwave.device.learning.worker import DeviceWorker


class CheckpointParts:
    """Keeps one file per link in the folder of the option `--state`, and others in folders of training steps there."""

    def __init__(self, folder: Path) -> None:
        """Args: the folder, which need not exist yet."""
        self._folder = folder

    def check_writable(self) -> None:
        """Make sure, before hours of training, that parts can be written.

        Raises:
            DiskFullError: the disk is full.
            CheckpointError: they cannot be written for another reason.
        """
        check_state_dir(self._folder, "--state")

    def restore(self, link: int, network: nn.Module, expected_sha256: str) -> None:
        """Load a link's weights into its network.

        Raises:
            CheckpointError: the part is missing or damaged, or has other weights.
        """
        load_part(self._folder / device_part(link), network, expected_sha256)

    def save(self, link: int, network: nn.Module) -> str:
        """Write a link's weights, and return their digest.

        Raises:
            RunFailedError: a weight is not finite.
            DiskFullError: the disk is full.
            CheckpointError: the part cannot be written for another reason.
        """
        return save_part(self._folder / device_part(link), network)

    def resume(self, link: int, worker: DeviceWorker, step: int, expected_sha256: str, data_digest: str) -> None:
        """Put a fresh worker into the state that was kept after a step.

        Raises:
            CheckpointError: the part is missing or damaged, or was trained with other data.
        """
        path = step_folder(self._folder, step) / device_part(link)
        part = TrainingPart.read(path, expected_sha256)
        if part.step != step:
            raise CheckpointError(f"{path}: was kept after step {part.step}, the checkpoint says {step}")
        part.check_data(data_digest, path)
        worker.resume(part, path)

    def save_training(self, link: int, part: TrainingPart, keep_from: int) -> str:
        """Write a link's training part, delete those of steps before `keep_from`, and return the digest of the file.

        Parts of later steps are deleted, too: they are of another run.

        Raises:
            RunFailedError: a weight is not finite.
            DiskFullError: the disk is full.
            CheckpointError: the part cannot be written for another reason.
        """
        name = device_part(link)
        sha256 = part.write(step_folder(self._folder, part.step) / name)
        kept = [step for step in step_folders(self._folder) if keep_from <= step <= part.step]
        discard_parts(self._folder, name, kept)
        return sha256
