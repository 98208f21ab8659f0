"""Finds the run whose training goes on: an unfinished one, one whose command line was killed, or a finished one."""

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError
from splitwave.common.records.training_manifest import TRAINING_MANIFEST_FILE, TrainingManifest, step_folder
from splitwave.testbed.results.unfinished import RECORD, SUFFIX

NEWEST = "newest"

_CHECKPOINTS = "ckpt"
_PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Resumption:
    """A run to go on with.

    Attributes:
        folder: its results folder.
        manifest: the last checkpoint of its training.
    """

    folder: Path
    manifest: TrainingManifest

    @property
    def is_finished(self) -> bool:
        """Whether the run ended well: then its folder is a result, and nothing in it changes."""
        return not self.folder.name.endswith((SUFFIX, _PARTIAL))

    @property
    def name(self) -> str:
        """The name that the folder has when the run ends well."""
        return self.folder.name.removesuffix(SUFFIX).removesuffix(_PARTIAL).removeprefix(".")

    @property
    def settings(self) -> Path:
        """The file with its settings."""
        return self.folder / "config.yaml"

    @property
    def origin(self) -> Mapping[str, object]:
        """The step and the folder from which the run goes on, and the `env.json` there, for the new `env.json`."""
        try:
            environment = json.loads((self.folder / "env.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            environment = None
        return {"step": self.manifest.step, "folder": str(self.folder), "env": environment}

    @property
    def hidden(self) -> Path:
        """The path of an unfinished run while it goes on."""
        return self.folder.with_name(f".{self.name}{_PARTIAL}")

    def lock(self) -> int:
        """Lock the folder of an unfinished run, as `lock` does, before it is changed.

        Raises:
            CheckpointError: another command goes on with the run, or has since this one read its checkpoints.
        """
        try:
            descriptor = lock(self.folder)
        except FileNotFoundError:  # it has been renamed
            raise CheckpointError(
                f"{self.folder}: this run is still running: another command goes on with it"
            ) from None
        try:
            if TrainingManifest.newest(self.folder / _CHECKPOINTS) != self.manifest:
                raise CheckpointError(f"{self.folder}: another command has gone on with this run meanwhile: try again")
        except CheckpointError:
            os.close(descriptor)
            raise
        return descriptor

    def adopt(self) -> Path:
        """Hide the folder of an unfinished run, which is locked and goes on there; its logs are kept beside new ones.

        Returns:
            The path of the folder.
        """
        path = self.folder if self.folder == self.hidden else self.folder.rename(self.hidden)
        logs, earlier = path / "logs", path / "earlier-logs"
        if logs.is_dir():
            earlier.mkdir(exist_ok=True)
            logs.rename(earlier / str(len(list(earlier.iterdir())) + 1))
        (path / RECORD).unlink(missing_ok=True)
        return path

    def check_continues(self, config: RunConfig) -> None:
        """Check that the training can go on under these settings.

        Raises:
            CheckpointError: settings that decide the result differ, or the run is finished and gets no more epochs.
        """
        self.manifest.check_continues(config, self.folder)
        if self.is_finished and config.training.epochs == self.manifest.config.training.epochs:
            raise CheckpointError(
                f"{self.folder}: this run is finished; it is extended only by more epochs than its training.epochs = "
                f"{config.training.epochs}"
            )

    def copy_to(self, checkpoints: Path) -> None:
        """Copy the last checkpoint of the training into the folder of a new run's checkpoints."""
        step = self.manifest.step
        checkpoints.mkdir(exist_ok=True)
        shutil.copytree(step_folder(self.folder / _CHECKPOINTS, step), step_folder(checkpoints, step))


def find_resumption(run: str, results: Path, option: str = "--resume") -> Resumption:
    """Find the run whose training goes on.

    Args:
        run: a results folder, or `newest` for the newest unfinished run whose training can go on.
        results: the folder that holds all results.
        option: what names the run, for messages.

    Raises:
        CheckpointError: there is no such run, it has no checkpoint of its training, or it is still running.
    """
    folder = _newest(results, option) if run == NEWEST else _named(Path(run), option)
    manifest = TrainingManifest.newest(folder / _CHECKPOINTS)
    if manifest is None:
        raise CheckpointError(
            f"{option} {folder}: no checkpoint of a training there: expected "
            f"{_CHECKPOINTS}/step-…/{TRAINING_MANIFEST_FILE}, which a training with --checkpoint-every keeps"
        )
    if is_in_use(folder):
        raise CheckpointError(f"{option} {folder}: this run is still running")
    return Resumption(folder, manifest)


def lock(folder: Path) -> int:
    """Mark a results folder as in use until the descriptor that is returned is closed, or its process ends.

    Raises:
        CheckpointError: a running process has locked it.
        FileNotFoundError: there is no such folder.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if is_in_use(folder):
                os.close(descriptor)
                raise CheckpointError(f"{folder}: this run is still running") from None
            continue  # another process asked whether it is in use
        except OSError:
            pass  # the file system has no locks
        return descriptor


def is_in_use(folder: Path) -> bool:
    """Whether a running process has locked a results folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _named(folder: Path, option: str) -> Path:
    if not folder.is_dir():
        raise CheckpointError(f"{option} {folder}: no such folder")
    return folder.resolve()


def _newest(results: Path, option: str) -> Path:
    """The unfinished run of this folder that began last, whose training can go on."""
    found = [
        folder
        for folder in (*results.glob(f"*/*{SUFFIX}"), *results.glob(f"*/.*{_PARTIAL}"))
        if any((folder / _CHECKPOINTS).glob(f"step-*/{TRAINING_MANIFEST_FILE}")) and not is_in_use(folder)
    ]
    if not found:
        results_option = "--results" if option.startswith("--") else "results"
        raise CheckpointError(
            f"{option} {NEWEST}: no unfinished run in {results} has a checkpoint of its training; name a folder, or "
            f"another folder of results with {results_option}"
        )
    return max(found, key=lambda folder: folder.name.removeprefix(".")).resolve()
