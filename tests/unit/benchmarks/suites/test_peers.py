"""A competitor that fails is reported, and the others are measured."""

import asyncio
from functools import partial

import numpy as np

from splitwave.benchmarks.readings.alternation import alternate
from splitwave.benchmarks.readings.peer_table import SideTimes
from splitwave.benchmarks.readings.report import Report, Validity
from splitwave.benchmarks.suites.peers import watched
from splitwave.common.errors import RunFailedError
from splitwave.common.exit_codes import ExitCode

MEASURED = SideTimes({64: 0.004}, np.zeros(0, dtype=np.int64))


async def measured() -> SideTimes:
    return MEASURED


async def failing() -> SideTimes:
    raise RunFailedError("not done after 2 s")


def test_a_failure_is_a_fault_of_the_report_and_the_other_sides_go_on() -> None:
    report = Report("peers", {})
    sides = {"a": measured, "b": failing, "c": measured}
    rounds = asyncio.run(
        alternate({name: partial(watched, report, name, side) for name, side in sides.items()}, repetitions=2)
    )
    assert rounds == {"a": [MEASURED] * 2, "b": [None] * 2, "c": [MEASURED] * 2}
    assert report.faults == ["b failed: RunFailedError: not done after 2 s"] * 2
    assert (report.validity, report.exit_code) == (Validity.INVALID, ExitCode.FAILURE)
