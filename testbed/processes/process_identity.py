"""Identifies a process beyond its id, which another process may have after it ended or after a reboot."""

from pathlib import Path

_PROC = Path("/proc")
_BOOT_ID = _PROC / "sys" / "kernel" / "random" / "boot_id"
_ENDED = frozenset("ZX")  # a process that ended, whether or not its parent has taken note
_STATE, _START_TIME = 0, 19  # places after the name in /proc/PID/stat, which are fields 3 and 22 in proc(5)


def start_of(pid: int) -> str | None:
    """Return when a process started, as `BOOT/TICKS`; None if no such process is running.

    Ticks count from the boot with this id and not on the wall clock, which may be set while the process runs.
    """
    try:
        boot = _BOOT_ID.read_text(encoding="ascii").strip()
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the name may contain spaces and parentheses
    return None if fields[_STATE] in _ENDED else f"{boot}/{fields[_START_TIME]}"
