"""The machine: operating system, processor, memory, and the limits that a container or a shell sets."""

import os
import platform
import resource
from collections.abc import Iterator
from pathlib import Path

from splitwave.testbed.doctor.finding import Circumstances, Finding, note
from splitwave.testbed.results.provenance import cpu_model, cpu_vectors

_CGROUP = Path("/sys/fs/cgroup")
_GIB = 2**30
_LITTLE_MEMORY_BYTES = 2 * _GIB
_FEW_FILES = 256


def check_machine(_circumstances: Circumstances) -> Iterator[Finding]:
    """Describe the machine; little memory and few open files are notes."""
    yield Finding("system", f"{platform.platform()}, {'container' if _in_container() else 'no container'}")
    yield Finding("processor", f"{cpu_model() or platform.machine()}, {cpu_vectors() or 'unknown vector instructions'}")
    yield Finding("cores", f"{len(os.sched_getaffinity(0))} usable of {os.cpu_count()}{_quota()}")
    yield memory_finding(_available_bytes(), _total_bytes())
    yield open_files_finding(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def memory_finding(available: int, total: int) -> Finding:
    """Judge the memory that is available; every process of a run that computes needs about 0.3 GiB."""
    value = f"{available / _GIB:.1f} GiB available of {total / _GIB:.1f} GiB"
    if available >= _LITTLE_MEMORY_BYTES:
        return Finding("memory", value)
    return note("memory", value, "close other programs, or run with `--engine inprocess`, which starts no processes")


def open_files_finding(limit: int) -> Finding:
    """Judge the number of files and connections that a process may open."""
    if limit in (resource.RLIM_INFINITY, -1):
        return Finding("open files", "unlimited")
    if limit >= _FEW_FILES:
        return Finding("open files", f"up to {limit}")
    return note("open files", f"up to {limit}", "raise the limit for runs with many links: ulimit -n 1024")


def _in_container() -> bool:
    return Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()


def _quota() -> str:
    """Describe the processor time that the control group allows, if it sets a limit."""
    quota, _, period = _read(_CGROUP / "cpu.max").partition(" ")
    return f", limited to {int(quota) / int(period):g}" if quota.isdigit() and period.isdigit() else ""


def _total_bytes() -> int:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _read(_CGROUP / "memory.max")
    return min(total, int(limit)) if limit.isdigit() else total


def _available_bytes() -> int:
    """Return the memory that processes can still get: that of the machine, or less where the control group is full."""
    fields = dict(line.split(":", 1) for line in _read(Path("/proc/meminfo")).splitlines())
    words = fields.get("MemAvailable", "").split()
    available = int(words[0]) * 1024 if words else _total_bytes()
    limit, used = _read(_CGROUP / "memory.max"), _read(_CGROUP / "memory.current")
    return min(available, int(limit) - int(used)) if limit.isdigit() and used.isdigit() else available


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
