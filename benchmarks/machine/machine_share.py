"""Measures how much processor time other programs used during a benchmark, which makes its numbers less reliable."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path

_IDLE_FIELDS = (3, 4)  # of /proc/stat's first line: idle, iowait
_GUEST_FIELDS = 8  # the fields after these are already included in user and nice


@dataclass(frozen=True, slots=True)
class MachineTimes:
    """Processor seconds since the machine started: of all programs, and of this program with its ended children."""

    busy_s: float
    ours_s: float


def machine_times() -> MachineTimes:
    """Read the current times; must be called while no child process is running."""
    fields = Path("/proc/stat").read_text(encoding="utf-8").splitlines()[0].split()[1:]
    busy = sum(int(ticks) for place, ticks in enumerate(fields[:_GUEST_FIELDS]) if place not in _IDLE_FIELDS)
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return MachineTimes(busy / os.sysconf("SC_CLK_TCK"), sum(usage.ru_utime + usage.ru_stime for usage in usages))


def cores_of_others(before: MachineTimes, after: MachineTimes, seconds: float) -> float:
    """Return the average number of processors that other programs kept busy between two readings `seconds` apart."""
    others_s = (after.busy_s - before.busy_s) - (after.ours_s - before.ours_s)
    return max(0.0, others_s / seconds)
