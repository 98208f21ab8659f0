"""Checkpoints of a run in one process: the trained weights, and the states that its training can go on from."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from splitwave.common.errors import CheckpointError
from splitwave.common.records.checkpoint import load_part, save_part
from splitwave.common.records.manifest import BASESTATION_PART, Manifest, device_part
from splitwave.common.records.training_manifest import TrainingManifest, discard_checkpoints, step_folder
from splitwave.common.records.training_part import TrainingPart
from splitwave.experiments.inprocess_outcomes import Position
from splitwave.experiments.inprocess_run import InprocessRun


class TrainingCheckpoints:
    """Keeps the last states of a run's training, as a context; a thread writes them while training goes on."""

    def __init__(self, run: InprocessRun, root: Path, *, every: int, last: int, begin: int = 0) -> None:
        """Nothing is kept yet.

        Args:
            run: whose state is kept.
            root: folder of its checkpoints.
            every: training steps from one state that is kept to the next; the last is kept, too; 0 keeps none.
            last: how many of them stay on the disk.
            begin: the step that training goes on from; 0 if it begins.
        """
        self._run = run
        self._root = root
        self._every = every
        self._last = last
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._writing: Future[None] | None = None
        self._published = [begin] if begin else []

    def __enter__(self) -> Self:
        """Return the object itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until what is being written is complete."""
        try:
            if error is None:
                self.settle()
        finally:
            self._disk.shutdown()

    def keep_if_due(self, position: Position) -> None:
        """Keep the state at a position if it is time.

        Raises:
            SplitwaveError: as `keep`.
        """
        if self._every and (position.step % self._every == 0 or position.step == self._run.plan.steps):
            self.keep(position)

    def keep(self, position: Position) -> None:
        """Copy the state at a position, and begin to write it.

        Raises:
            SplitwaveError: the state before could not be written: see `TrainingPart.write`.
        """
        self.settle()
        digest = self._run.data_digest
        parts = {device_part(link): worker.training_part(digest) for link, worker in enumerate(self._run.workers)}
        parts[BASESTATION_PART] = self._run.trainer.training_part(position.step, digest)
        self._writing = self._disk.submit(self._write, parts, position)

    def settle(self) -> None:
        """Wait until the last state is written.

        Raises:
            SplitwaveError: it could not be written: see `TrainingPart.write`.
        """
        if self._writing is not None:
            self._writing.result()
            self._writing = None

    def _write(self, parts: Mapping[str, TrainingPart], position: Position) -> None:
        TrainingManifest.withdraw(self._root, position.step)
        folder = step_folder(self._root, position.step)
        *devices, basestation = [part.write(folder / name) for name, part in parts.items()]
        config = self._run.config.canonical_json()
        manifest = TrainingManifest(
            position.step,
            config,
            self._run.data_digest,
            tuple(devices),
            basestation,
            epochs=position.epochs,
            sums=position.sums,
        )
        manifest.publish(self._root)
        self._published = [*self._published, position.step][-self._last :]
        discard_checkpoints(self._root, self._published)


def resume_training(run: InprocessRun, root: Path) -> Position:
    """Put a fresh run into the last state that was kept of its training.

    Raises:
        CheckpointError: there is none, it is damaged, or it was trained with other settings or data.
    """
    manifest = TrainingManifest.newest(root)
    if manifest is None:
        raise CheckpointError(f"{root}: no checkpoint of a training there")
    folder = step_folder(root, manifest.step)
    manifest.check_continues(run.config, folder)
    for link, worker in enumerate(run.workers):
        path = folder / device_part(link)
        part = TrainingPart.read(path, manifest.device_sha256[link])
        part.check_data(run.data_digest, path)
        worker.resume(part, path)
    path = folder / BASESTATION_PART
    run.trainer.resume(TrainingPart.read(path, manifest.basestation_sha256), path)
    return Position(manifest.step, manifest.epochs, manifest.sums)


def save_checkpoint(run: InprocessRun, folder: Path) -> None:
    """Replace the checkpoint in a folder by the weights of a run, all of whose steps are done."""
    Manifest.withdraw(folder)
    devices = [save_part(folder / device_part(link), worker.model) for link, worker in enumerate(run.workers)]
    basestation = save_part(folder / BASESTATION_PART, run.trainer.decoder)
    Manifest(run.plan.steps, run.config.canonical_json(), tuple(devices), basestation).publish(folder)


def load_checkpoint(run: InprocessRun, folder: Path) -> None:
    """Replace the weights of a run by those of a checkpoint.

    Raises:
        CheckpointError: the checkpoint is damaged, or of another network, data set or number of links.
    """
    manifest = Manifest.read(folder)
    manifest.check_fits(run.config, folder)
    load_part(folder / BASESTATION_PART, run.trainer.decoder, manifest.basestation_sha256)
    for link, sha256 in enumerate(manifest.device_sha256):
        load_part(folder / device_part(link), run.workers[link].model, sha256)
