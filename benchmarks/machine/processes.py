"""Reads the processor time and the memory of running processes from Linux."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_MIB_PER_KIB = 1 / 1024
_SCHEDULER_CLOCK = 2  # CPUCLOCK_SCHED of the kernel's posix-timers.h: nanoseconds on a processor


def cpu_s(pid: int) -> float:
    """Return the processor seconds of a process, over all threads including ended ones.

    /proc/PID/stat counts in steps of 10 ms, so this reads the process's CPU clock, whose id is computed as in glibc's
    `clock_getcpuclockid`.
    """
    return time.clock_gettime((~pid << 3) | _SCHEDULER_CLOCK)


def all_cpu_s(pids: Mapping[str, int]) -> float:
    """Return the total processor seconds of several processes."""
    return sum(cpu_s(pid) for pid in pids.values())


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process in MiB: resident now, peak resident, and proportional (shared pages divided by users)."""

    resident_mib: float
    peak_mib: float
    proportional_mib: float


def memory_of(pid: int) -> Memory:
    """Read the memory of a running process of this user."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    return Memory(_mib(status, "VmRSS"), _mib(status, "VmHWM"), _mib(rollup, "Pss"))


def has_torch(pid: int) -> bool:
    """Whether a running process of this user has loaded the library of torch."""
    return "libtorch" in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")


def memory_table(memories: Mapping[str, Memory]) -> str:
    """Format the memory of processes as a table with one line per process."""
    lines = [f"{'process':<18}{'resident MiB':>14}{'peak MiB':>10}{'proportional MiB':>18}"]
    lines += [
        f"{role:<18}{each.resident_mib:>14.1f}{each.peak_mib:>10.1f}{each.proportional_mib:>18.1f}"
        for role, each in memories.items()
    ]
    return "\n".join(lines)


def _mib(text: str, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    assert found is not None
    return int(found[1]) * _MIB_PER_KIB
