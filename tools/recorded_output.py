"""The output of a long program, with its command, commit and machine.

    python -m tools.recorded_output FILE -- COMMAND …

runs the command, shows what it prints to standard output and keeps it in FILE (JSON); ends with its exit code.
"""

import argparse
import datetime
import json
import shlex
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from splitwave.experiments.trials.provenance import Provenance
from tools.paths import ROOT


@dataclass(frozen=True, slots=True)
class RecordedOutput:
    """One run of a program.

    Attributes:
        command: as one types it in the root of the repository.
        commit: with `+changes` if files differed from it.
        machine: the processor's name.
        date: of its end, in UTC.
        seconds: that it took.
        exit_code: 0 if the program found what it looks for.
        lines: what it printed.
    """

    command: str
    commit: str
    machine: str
    date: str
    seconds: int
    exit_code: int
    lines: list[str]

    @classmethod
    def read(cls, path: Path) -> "RecordedOutput":
        """The run that a file has."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Write the run to a file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def record(command: list[str]) -> RecordedOutput:
    """Run a command in the root of the repository, and return what it printed."""
    provenance, started = Provenance.current(), time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line.rstrip("\n"))
    return RecordedOutput(
        command=shlex.join(command),
        commit=provenance.commit,
        machine=provenance.machine,
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        seconds=round(time.monotonic() - started),
        exit_code=process.returncode,
        lines=lines,
    )


def main() -> int:
    """Parse the command line, run the command and keep its output."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    options = parser.parse_args()
    run = record(options.command)
    run.write(options.file)
    return run.exit_code


if __name__ == "__main__":
    sys.exit(main())
