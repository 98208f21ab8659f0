"""The clocks: durations come from the monotonic clock, names of results from the wall clock."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import splitwave
from splitwave.testbed.doctor.finding import Circumstances, Finding, failed

_READINGS = 1000
_REMEDY = "set the clock: `sudo timedatectl set-ntp true`, or wait until the machine has a network"


def check_clock(_circumstances: Circumstances) -> Iterator[Finding]:
    """Check both clocks, and name the time zone."""
    yield monotonic_finding([time.monotonic_ns() for _ in range(_READINGS)])
    yield wall_finding(datetime.now(UTC), Path(splitwave.__file__))
    local = datetime.now().astimezone()
    yield Finding("time zone", f"{local.tzname()}, UTC{local:%z}; results are named in UTC")


def monotonic_finding(readings_ns: list[int]) -> Finding:
    """Judge successive readings of the monotonic clock."""
    if readings_ns != sorted(readings_ns):
        return failed("monotonic", "it goes backwards", "report it to the provider of this virtual machine")
    resolution_ns = 1e9 * time.get_clock_info("monotonic").resolution
    return Finding("monotonic", f"increases, resolution {resolution_ns:g} ns")


def wall_finding(now: datetime, installed_file: Path) -> Finding:
    """Compare the wall clock with the time at which a file of Splitwave was installed or changed."""
    installed = datetime.fromtimestamp(installed_file.stat().st_mtime, UTC)
    if now >= installed:
        return Finding("wall clock", _utc(now))
    return failed("wall clock", f"{_utc(now)}, before the installation of Splitwave at {_utc(installed)}", _REMEDY)


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
