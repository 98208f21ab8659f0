"""Publish the output of long test programs and small benchmarks: `python -m tools.publish_outputs [FILE …]`.

Copies files of `tools.recorded_output`, whose names are those below, and writes docs/results/test-programs.md. Without
arguments, the page is written again from the published files.
"""
# ruff: noqa: E501  # a paragraph's lines are as long as they are on the page

import argparse
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tools.paths import PUBLISHED
from tools.recorded_output import RecordedOutput

FOLDER = PUBLISHED / "test-programs"
PAGE = PUBLISHED / "test-programs.md"


class Section(NamedTuple):
    """A part of the page, with the outputs that it shows, by the names of their files."""

    title: str
    text: str
    outputs: tuple[str, ...]


SECTIONS = (
    Section(
        "Kills at random moments",
        "SIGKILL of random parties at random moments; the weights must be those of the undisturbed run. See [fault tests](../explanation/fault-tests.md).",
        ("chaos-process", "chaos-compose", "chaos-proxy"),
    ),
    Section(
        "Every state of the protocol",
        "One party is killed at one state of the protocol in each cell.",
        ("matrix",),
    ),
    Section(
        "Resumed trainings",
        "Trainings that stop at random steps and go on, compared with trainings without interruption, and with ones that have lost the state of their optimisers.",
        ("resumed",),
    ),
    Section(
        "Mutated bytes",
        "Damaged messages and files for every decoder, and damaged streams against live servers.",
        ("fuzz-messages", "fuzz-streams"),
    ),
    Section(
        "Growth",
        "Slopes of memory, threads, descriptors and tasks while a testbed trains, and then answers an open loop at half its highest rate.",
        ("soak",),
    ),
    Section(
        "Costs of checkpoints and of TLS",
        "Each with its ratio to the same testbed without.",
        ("checkpoints", "tls"),
    ),
    Section(
        "Latency and training steps beside other programs",
        "One run of three benchmarks; what the rows mean is in [Benchmarks](../benchmarks.md#beside-programs-written-by-hand).",
        ("peers",),
    ),
    Section(
        "Rounding on the wire",
        "The same trainings with float32 and bfloat16 between processes. See [Send fewer bytes](../how-to/fewer-bytes.md).",
        ("wire-dtypes",),
    ),
    Section(
        "Live inference",
        "Two live sources with the halves of MNIST's test digits, each in its own time, against `splitwave infer`; devices with torch against devices with ONNX Runtime; models that change under load; start and memory of a device.",
        ("live", "live-compare", "switching", "device-start"),
    ),
    Section(
        "A channel that changes during a stream",
        "`splitwave channel set` during a pass, and a day of a trace that is replayed.",
        ("live-channel",),
    ),
)


def page() -> str:
    """Return the page of the published files."""
    parts = [
        "# Test programs\n\n"
        "This page shows what long programs printed that are no part of the test suite, because they take minutes. `python -m tools.publish_outputs` writes it from the files in\n"
        "`docs/results/test-programs/`, which `python -m tools.recorded_output FILE -- COMMAND` wrote; a test compares them."
    ]
    for section in SECTIONS:
        outputs = [_output(name) for name in section.outputs if _file(name).exists()]
        if outputs:
            parts.append("\n\n".join((f"## {section.title}", section.text, *outputs)))
    return "\n\n".join(parts) + "\n"


def _file(name: str) -> Path:
    return FOLDER / f"{name}.json"


def _output(name: str) -> str:
    run = RecordedOutput.read(_file(name))
    lines = "\n".join(f"    {line}".rstrip() for line in run.lines)
    took = f"{run.seconds // 60} min {run.seconds % 60} s"
    return f"`{run.command}`: exit code {run.exit_code} after {took}, commit `{run.commit[:8]}`, {run.date}, {run.machine}\n\n{lines}"


def publish(files: Sequence[Path]) -> None:
    """Copy files to the published ones.

    Raises:
        ValueError: a file has a name that the page does not have, or was made from uncommitted changes.
    """
    known = [name for section in SECTIONS for name in section.outputs]
    for file in files:
        commit = RecordedOutput.read(file).commit
        if file.stem not in known:
            raise ValueError(f"{file}: expected one of {', '.join(known)}, with .json")
        if not re.fullmatch("[0-9a-f]{40}", commit):
            raise ValueError(f"{file}: {commit} is no commit; record it in a clean checkout to publish it")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for file in files:
        shutil.copy(file, _file(file.stem))


def main() -> None:
    """Parse the command line, copy the files and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE")
    publish(parser.parse_args().files)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
