"""`python -m tests.fuzz.guided TARGET`: inputs for one target, guided by the code that they reach (atheris).

It finds inputs that blind mutation does not; `python -m tests.fuzz` is for all targets. An input that a decoder does
not survive is kept in the corpus, which the tests replay.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["splitwave"]):
    from splitwave.common.errors import SplitwaveError
    from tests.fuzz.file_targets import file_targets
    from tests.fuzz.record_targets import record_targets
    from tests.fuzz.runner import CORPUS
    from tests.fuzz.target import Target
    from tests.fuzz.wire_targets import wire_targets


def main() -> int:
    """Parse the command line and run the target; exit code 0 if its decoder survived all inputs."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--inputs", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {target.name: target for target in (*wire_targets(), *file_targets(folder), *record_targets(folder))}
        if options.target not in found:
            parser.error(f"target {options.target}: expected one of {', '.join(found)}")
        child = os.fork()  # libFuzzer ends its process, which would leave the folder behind
        if child == 0:
            _run(found[options.target], options.inputs, folder)
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _run(target: Target, inputs: int, folder: Path) -> None:
    """Run a target; does not return."""

    def decode(data: bytes) -> None:
        try:
            target.decode(data)
        except SplitwaveError:
            return

    seeds, kept = folder / "seeds", CORPUS / target.name
    for place in (seeds, kept):
        place.mkdir(exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (seeds / str(number)).write_bytes(seed)
    atheris.Setup([sys.argv[0], f"-runs={inputs}", f"-artifact_prefix={kept}/", str(seeds), str(kept)], decode)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
