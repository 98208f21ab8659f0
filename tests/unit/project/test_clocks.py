"""Durations come from the monotonic clock: the wall clock may be set while a run is under way."""

import ast
from pathlib import Path

from tests.unit.project.sources import ROOT

FOLDERS = ("common", "device", "channel", "basestation", "testbed", "experiments", "benchmarks")
READS = ("time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today")
MAY_READ = {
    "testbed/results/results_folder.py": "the name of a folder",
    "testbed/certificates/authority.py": "certificates are valid from one date to another",
    "common/runtime/certificate.py": "certificates expire on a date",
    "device/application/sources/paced.py": "capture times are of the clock that all devices share",
    "testbed/doctor/clock.py": "the wall clock is examined",
    "testbed/compose/container_failures.py": "Docker knows events by the wall clock",
}


def reads_wall_clock(path: Path) -> bool:
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return any(ast.unparse(call.func).endswith(READS) for call in calls)


def test_only_what_is_named_here_reads_the_wall_clock() -> None:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert {str(path.relative_to(ROOT)) for path in files if reads_wall_clock(path)} == set(MAY_READ)
