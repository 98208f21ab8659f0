"""Marks the folder of a run that ended early: a suffix of its name, and a file with the reason."""

from collections.abc import Mapping
from pathlib import Path

from splitwave.common.errors import CheckpointError, DataError
from splitwave.common.records.manifest import BASESTATION_PART, Manifest, device_part
from splitwave.common.records.training_manifest import TrainingManifest
from splitwave.testbed.terminal.next_steps import infer_command, resume_command

SUFFIX = ".unfinished"
RECORD = "unfinished.json"

_MEASURED = ("metrics.jsonl", "summary.json", "result.json")


def check_finished(folder: Path) -> None:
    """Refuse the folder of an unfinished run; called wherever results are collected.

    Raises:
        DataError: the run of this folder ended early or is still running.
    """
    name = folder.resolve().name
    if name.endswith(SUFFIX) or (folder / RECORD).exists():
        raise DataError(f"{folder} is not a result: its run ended early, and {RECORD} in it says what is missing")
    if name.startswith("."):
        raise DataError(f"{folder} is not a result: its run is still running or was killed")


def has_checkpoint(folder: Path) -> bool:
    """Whether a folder contains a published checkpoint with all of its parts."""
    try:
        links = Manifest.read(folder).config.links
    except CheckpointError:
        return False
    return all((folder / part).is_file() for part in (BASESTATION_PART, *map(device_part, range(links))))


def has_training_checkpoint(folder: Path) -> bool:
    """Whether a folder contains a published checkpoint that a training can go on from."""
    try:
        return TrainingManifest.newest(folder) is not None
    except CheckpointError:
        return False


def has_measured(folder: Path) -> bool:
    """Whether a results folder contains any measurements."""
    files = [folder / name for name in _MEASURED]
    return any(file.is_file() and file.stat().st_size for file in files)


def unfinished_record(error: BaseException, entries: Mapping[str, object]) -> Mapping[str, object]:
    """Return the content of `unfinished.json`: the reason why the run ended, and further entries of the run."""
    interrupted = isinstance(error, KeyboardInterrupt)
    first_line = str(error).partition("\n")[0]
    return {
        "ended": "interrupted" if interrupted else f"{type(error).__name__}: {first_line}",
        **entries,
    }


def unfinished_note(folder: Path, data_dir: Path | None, *, checkpoint: bool, training: bool = False) -> str:
    """Return a line with the path of an unfinished run and the command that uses what it kept.

    Args:
        folder: the path.
        data_dir: the data directory of the run.
        checkpoint: whether it has trained weights, for `splitwave infer`.
        training: whether it has a checkpoint that its training can go on from, for `splitwave train --resume`.
    """
    line = f"the unfinished run is kept in {folder}"
    if training:
        return f"{line}; to go on: {resume_command(folder, data_dir)}"
    return f"{line}; to use its checkpoint: {infer_command(folder, data_dir)}" if checkpoint else line


def missing_epochs(epochs_done: int, epochs: int) -> list[str]:
    """Describe the epochs without measurements, as a list of at most one entry."""
    if epochs_done >= epochs:
        return []
    first = epochs_done + 1
    return [f"epoch {epochs}" if first == epochs else f"epochs {first} to {epochs}"]
