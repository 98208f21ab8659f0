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
    program = program_name()
    data = "" if data_dir is None else f" --data-dir {shlex.quote(str(data_dir))}"
    listing = f"{program} experiment list"
    if trained_seed is None:
        return [listing]
    # Its neighbour: another seed in the range of all seeds.
    return [
        f"{program} infer --checkpoint {shlex.quote(str(folder))}{data}",
        f"{program} train -c {shlex.quote(str(folder / 'config.yaml'))} --set seed={trained_seed ^ 1}{data}",
        listing,
    ]


def program_name() -> str:
    """How this program is called from here: by its name if the shell finds it, else by its path as it was called."""
    called = Path(sys.argv[0])
    found = shutil.which(_PROGRAM)
    if called.name != _PROGRAM or (found and Path(found).resolve() == called.resolve()):
        return _PROGRAM
    return shlex.quote(str(called))
