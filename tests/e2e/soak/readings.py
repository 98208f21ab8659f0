"""Resident memory, threads and file descriptors of a process, as /proc shows them, and its tasks."""

import re
from dataclasses import dataclass
from pathlib import Path

_MB = 1024.0
"""Kilobytes, the unit of /proc, in a megabyte."""


@dataclass(frozen=True)
class Reading:
    """One look at a process, `at_s` seconds after the first."""

    at_s: float
    rss_mb: float
    threads: int
    descriptors: int
    tasks: int


def read_process(pid: int, tasks: int, at_s: float) -> Reading:
    """Read what a running process holds, whose event loops have so many tasks."""
    folder = Path("/proc", str(pid))
    status = (folder / "status").read_text(encoding="ascii")
    return Reading(
        at_s,
        rss_mb=_field(status, "VmRSS") / _MB,
        threads=_field(status, "Threads"),
        descriptors=len(list((folder / "fd").iterdir())),
        tasks=tasks,
    )


def _field(status: str, name: str) -> int:
    match = re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)
    if match is None:
        raise ValueError(f"/proc status without {name}:\n{status}")
    return int(match[1])
