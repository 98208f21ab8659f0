"""What is kept of a run that ended early: under a name that no finished result has, with a file that says why."""

from collections.abc import Mapping
from pathlib import Path

from splitwave.common.errors import CheckpointError, DataError
from splitwave.common.records.manifest import BASESTATION_PART, Manifest, device_part
from splitwave.testbed.terminal.next_steps import infer_command

SUFFIX = ".unfinished"
RECORD = "unfinished.json"

_MEASURED = ("metrics.jsonl", "summary.json", "result.json")


def check_finished(folder: Path) -> None:
    """Refuse the folder of a run that ended early, wherever results are collected.

    Raises:
        DataError: it is one.
    """
    name = folder.resolve().name
    if name.endswith(SUFFIX) or (folder / RECORD).exists():
        raise DataError(f"{folder} is no result, its run ended early: {RECORD} in it says what is missing")
    if name.startswith("."):
        raise DataError(f"{folder} is no result: its run is under way, or was killed")


def has_checkpoint(folder: Path) -> bool:
    """Whether the checkpoint in a folder was published, and all of its parts are there."""
    try:
        links = Manifest.read(folder).config.links
    except CheckpointError:
        return False
    return all((folder / part).is_file() for part in (BASESTATION_PART, *map(device_part, range(links))))


def has_measured(folder: Path) -> bool:
    """Whether a results folder holds anything that the run measured."""
    files = [folder / name for name in _MEASURED]
    return any(file.is_file() and file.stat().st_size for file in files)


def record_of(error: BaseException, account: Mapping[str, object]) -> Mapping[str, object]:
    """The content of `unfinished.json`: why the run ended, and the run's own account of what is missing."""
    interrupted = isinstance(error, KeyboardInterrupt)
    first_line = str(error).partition("\n")[0]
    return {
        "ended": "interrupted" if interrupted else f"{type(error).__name__}: {first_line}",
        **account,
    }


def note_on(folder: Path, data_dir: Path | None, *, checkpoint: bool) -> str:
    """The line that tells where a run that ended early is, and which command answers from its checkpoint."""
    line = f"the unfinished run is kept in {folder}"
    return f"{line}; to use its checkpoint: {infer_command(folder, data_dir)}" if checkpoint else line


def missing_epochs(epochs_done: int, epochs: int) -> list[str]:
    """Which epochs there are no measurements of."""
    if epochs_done >= epochs:
        return []
    first = epochs_done + 1
    return [f"epoch {epochs}" if first == epochs else f"epochs {first} to {epochs}"]
