"""What the end of a run proposes: commands that work as they are printed."""

import shlex
import shutil
import sys
from pathlib import Path

_PROGRAM = "splitwave"


def next_steps(folder: Path, data_dir: Path | None, trained_seed: int | None) -> list[str]:
    """Commands that a reader of a result may want, for the folder that the run was started in.

    Args:
        folder: of the result.
        data_dir: as the run's command had it, on its command line or in the environment.
        trained_seed: of the training whose checkpoint the folder holds; None where it holds none.
    """
    listing = _command("experiment", "list")
    if trained_seed is None:
        return [listing]
    # Its neighbour: another seed in the range of all seeds.
    again = ("train", "-c", str(folder / "config.yaml"), "--set", f"seed={trained_seed ^ 1}")
    return [infer_command(folder, data_dir), _command(*again, *_data(data_dir)), listing]


def infer_command(folder: Path, data_dir: Path | None) -> str:
    """The command that answers from the checkpoint in a results folder; the data directory is the training's."""
    return _command("infer", "--checkpoint", str(folder), *_data(data_dir))


def _data(data_dir: Path | None) -> tuple[str, ...]:
    return () if data_dir is None else ("--data-dir", str(data_dir))


def _command(*arguments: str) -> str:
    return f"{program_name()} {shlex.join(arguments)}"


def program_name() -> str:
    """How this program is called from here: by its name if the shell finds it, else by its path as it was called."""
    called = Path(sys.argv[0])
    found = shutil.which(_PROGRAM)
    if called.name != _PROGRAM or (found and Path(found).resolve() == called.resolve()):
        return _PROGRAM
    return shlex.quote(str(called))
