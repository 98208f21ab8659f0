"""The training checkpoints of a run on the base station's disk, over all of its attempts."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack

from splitwave.common.records.manifest import BASESTATION_PART
from splitwave.common.records.training_manifest import TrainingManifest, discard_checkpoints, step_folder
from splitwave.common.records.training_part import TrainingPart
from splitwave.common.runtime.urgency import be_patient

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


class KeptCheckpoints:
    """Writes training checkpoints, and knows which are published; a thread of its own uses the disk.

    Attributes:
        newest: the last one that was published, which the next attempt goes on from; None before the first.
        stop_requested: whether training is to end after a checkpoint at the next step boundary.
    """

    def __init__(self, root: Path, *, every: int, last: int, newest: TrainingManifest | None = None) -> None:
        """Set up.

        Args:
            root: folder of the run's checkpoints.
            every: steps from one checkpoint to the next; one is due after the last step, too; 0 for none.
            last: how many of them stay on the disk.
            newest: what the run goes on from; None if it begins.
        """
        self.newest = newest
        self.stop_requested = False
        self._root = root
        self._every = every
        self._last = last
        self._published = [newest.step] if newest else []
        self._disk = ThreadPoolExecutor(1, "checkpoints", be_patient)  # training goes first

    def is_due(self, step: int, steps: int) -> bool:
        """Whether to keep a checkpoint after this number of steps."""
        return self.stop_requested or (self._every > 0 and (step % self._every == 0 or step == steps))

    def request_stop(self) -> None:
        """Have training end after a checkpoint at the next step boundary."""
        self.stop_requested = True

    @property
    def keep_from(self) -> int:
        """The devices may delete their training parts of earlier steps than this one."""
        return self._published[0] if self._published else 0

    async def withdraw(self, step: int) -> None:
        """Delete the manifest of a step before its parts are written again."""
        await self._on_disk(TrainingManifest.withdraw, self._root, step)

    async def write(self, part: TrainingPart) -> str:
        """Write the base station's part, and return its digest; errors are those of `TrainingPart.write`."""
        return await self._on_disk(part.write, step_folder(self._root, part.step) / BASESTATION_PART)

    async def publish(self, manifest: TrainingManifest) -> Path:
        """Publish a checkpoint all of whose parts are written, discard what is too old; returns its folder.

        Raises:
            DiskFullError: the disk is full.
            CheckpointError: the manifest cannot be written for another reason.
        """
        await self._on_disk(manifest.publish, self._root)
        self.newest = manifest
        self._published = [*(step for step in self._published if step != manifest.step), manifest.step][-self._last :]
        await self._on_disk(discard_checkpoints, self._root, tuple(self._published))
        return step_folder(self._root, manifest.step)

    async def _on_disk(self, work: Callable[[Unpack[Arguments]], Result], *arguments: *Arguments) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work, *arguments)
