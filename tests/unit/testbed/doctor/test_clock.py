"""The wall clock and the monotonic clock."""

import os
from datetime import UTC, datetime
from pathlib import Path

from splitwave.testbed.doctor.clock import monotonic_finding, wall_finding
from splitwave.testbed.doctor.finding import Outcome


def test_a_clock_before_the_installation_is_a_failure(tmp_path: Path) -> None:
    installed = tmp_path / "__init__.py"
    installed.touch()
    later = datetime(2199, 5, 1, tzinfo=UTC).timestamp()
    os.utime(installed, (later, later))

    finding = wall_finding(datetime.now(UTC), installed)

    assert finding.outcome is Outcome.FAILED
    assert finding.value.endswith("before the installation of Splitwave at 2199-05-01T00:00:00Z")
    assert wall_finding(datetime(2199, 5, 2, tzinfo=UTC), installed).outcome is Outcome.OK


def test_a_monotonic_clock_that_goes_backwards_is_a_failure() -> None:
    assert monotonic_finding([1, 2, 2, 3]).outcome is Outcome.OK
    assert monotonic_finding([1, 3, 2]).outcome is Outcome.FAILED
