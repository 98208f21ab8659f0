"""The commands suggested at the end of a run; they work exactly as printed."""

import shlex
import shutil
import sys
from pathlib import Path

_PROGRAM = "splitwave"


def next_steps(folder: Path, data_dir: Path | None, trained_seed: int | None) -> list[str]:
    """Return commands to continue from a result, relative to the folder in which the run was started.

    Args:
        folder: the results folder.
        data_dir: the data directory of the run, from its command line or the environment.
        trained_seed: seed of the training whose checkpoint is in the folder; None if there is no checkpoint.
    """
    listing = _command("experiment", "list")
    if trained_seed is None:
        return [listing]
    # Flipping the lowest bit gives another seed that is always within the valid range.
    again = ("train", "-c", str(folder / "config.yaml"), "--set", f"seed={trained_seed ^ 1}")
    return [infer_command(folder, data_dir), _command(*again, *_data(data_dir)), listing]


def infer_command(folder: Path, data_dir: Path | None) -> str:
    """Return the command that evaluates the checkpoint in a results folder with the data directory of the training."""
    return _command("infer", "--checkpoint", str(folder), *_data(data_dir))


def resume_command(folder: Path, data_dir: Path | None) -> str:
    """Return the command that goes on with the training of an unfinished run."""
    return _command("train", "--resume", str(folder), *_data(data_dir))


def _data(data_dir: Path | None) -> tuple[str, ...]:
    return () if data_dir is None else ("--data-dir", str(data_dir))


def _command(*arguments: str) -> str:
    return f"{program_name()} {shlex.join(arguments)}"


def program_name() -> str:
    """Return the program's name if the shell finds it, else the path with which it was called."""
    called = Path(sys.argv[0])
    found = shutil.which(_PROGRAM)
    if called.name != _PROGRAM or (found and Path(found).resolve() == called.resolve()):
        return _PROGRAM
    return shlex.quote(str(called))
