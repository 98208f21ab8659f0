"""The part of `splitwave bench live` about a source that is too fast, from streams that were made up."""

import numpy as np

from splitwave.benchmarks.load.live_overflow import Streamed
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.suites.live_overflow import add_overflow

MS = 1_000_000


def streamed(answered: int, dropped: int, offered: int) -> Streamed:
    return Streamed(offered, dropped, 200.0, 100.0, np.arange(1, answered + 1, dtype=np.int64) * MS)


def test_answers_drops_and_times_are_recorded_and_have_no_target() -> None:
    report = Report("live", {})
    add_overflow(report, [(streamed(10, 0, 10), streamed(12, 8, 20)), (streamed(10, 0, 10), streamed(14, 6, 20))])
    readings = {each.name.removeprefix("live.overflow."): each for each in report.readings}
    assert readings["drop_oldest.answered"].repetitions == (12.0, 14.0)
    assert readings["drop_oldest.dropped"].repetitions == (8.0, 6.0)
    assert readings["block.dropped"].repetitions == (0.0, 0.0)
    assert readings["block.p99"].value == 10
    assert readings["drop_oldest.offered_rate"].value == 200
    assert all(each.verdict is None for each in report.readings)
    assert report.reasons == []
    assert report.samples["overflow.drop_oldest.1.times_ns"].tolist() == [n * MS for n in range(1, 15)]
    (table,) = report.tables
    assert table.splitlines()[-1].split() == ["drop-oldest", "200", "100", "13", "7", "6.50", "13.00"]


def test_a_query_that_was_lost_is_a_fault() -> None:
    report = Report("live", {})
    add_overflow(report, [(streamed(10, 0, 10), streamed(12, 7, 20))])
    assert report.faults == ["overflow.drop_oldest, repetition 0: 20 queries: 12 answered and 7 dropped"]
