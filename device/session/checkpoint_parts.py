"""The parts of checkpoints that the devices of one process write and read."""

from pathlib import Path

from torch import nn

from splitwave.common.records.checkpoint import check_state_dir, load_part, save_part
from splitwave.common.records.manifest import device_part


class CheckpointParts:
    """Keeps one file per link in the folder of the option `--state`."""

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
