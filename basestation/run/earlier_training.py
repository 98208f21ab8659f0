"""Finds what a run begins with: an earlier training in its state folder, unfinished or finished, or a checkpoint."""

from enum import StrEnum
from pathlib import Path

import structlog

from splitwave.basestation.run.training import Trained
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import CheckpointError
from splitwave.common.records.manifest import Manifest
from splitwave.common.records.training_manifest import TrainingManifest, step_folder

log = structlog.get_logger()


class Resume(StrEnum):
    """When a run goes on with the training in its state folder; where nothing of one is there, it begins in any case.

    Attributes:
        NEVER: it begins.
        ALWAYS: a training that cannot go on, because settings or data differ or a file is damaged, is an error.
        IF_SAME: it begins where the training there cannot go on. A supervisor that starts one command again and again,
            after a crash as well as after a change of the settings, wants this.
    """

    NEVER = "never"
    ALWAYS = "always"
    IF_SAME = "if-same"


def training_to_resume(resume: Resume, root: Path, config: RunConfig, data_digest: str) -> TrainingManifest | None:
    """Return the last checkpoint of the training to go on with; None if the run begins.

    Args:
        resume: when to go on.
        root: folder of the run's checkpoints.
        config: settings of the run.
        data_digest: of the run's data.

    Raises:
        CheckpointError: the training cannot go on, and `resume` is ALWAYS.
    """
    if resume is Resume.NEVER:
        return None
    try:
        return _checked(root, config, data_digest)
    except CheckpointError as error:
        if resume is Resume.ALWAYS:
            raise
        log.warning("the kept training cannot go on: training begins", reason=str(error))
        return None


def restored_weights(folder: Path, config: RunConfig) -> Trained:
    """Return a checkpoint that is to be evaluated under other settings, perhaps.

    Raises:
        CheckpointError: there is none, or it does not fit the settings.
    """
    manifest = Manifest.read(folder)
    manifest.check_fits(config, folder)
    return Trained(manifest)


def finished_training(folder: Path, config: RunConfig, data_digest: str) -> Trained | None:
    """Return the checkpoint at the end of this very training; None if it has not come so far.

    Other checkpoints in the folder count as nothing: training would overwrite them.
    """
    try:
        manifest = Manifest.read(folder)
    except CheckpointError:
        return None
    trained = (manifest.settings_json, manifest.data_digest, len(manifest.epochs))
    if trained != (config.canonical_json(), data_digest, config.training.epochs):
        return None
    return Trained(manifest, manifest.epochs)


def _checked(root: Path, config: RunConfig, data_digest: str) -> TrainingManifest | None:
    newest = TrainingManifest.newest(root)
    if newest is not None:
        folder = step_folder(root, newest.step)
        newest.check_continues(config, folder)
        newest.check_data(data_digest, folder)
    return newest
