"""Load passes whose devices dropped queries."""

import dataclasses

import numpy as np
import pytest

from splitwave.benchmarks.load.load_pass import LoadPass, record_passes
from splitwave.benchmarks.readings.hop_table import span_s
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.readings.validity import Rules
from splitwave.common.protocol.workload import LinkStamps, Overflow, Workload
from tests.unit.benchmarks.readings.benchmark_stamps import NAMES, synthetic_stamps


def test_dropped_queries_are_a_reading_and_have_no_latency() -> None:
    workload = Workload(8, 1, 1, 100.0, 3, Overflow.DROP_OLDEST)
    links = [synthetic_stamps(workload, link) for link in range(2)]
    complete = LoadPass(workload, links)
    rest = [LinkStamps(each.link, NAMES, np.delete(each.at_ns, [2, 3, 5], axis=0)) for each in links]
    dropped = [LinkStamps(each.link, NAMES, each.at_ns.copy()) for each in links]
    dropped[0].at_ns[[2, 3], 1:] = 0
    dropped[1].at_ns[[3, 5], 1:] = 0
    each = LoadPass(workload, dropped)
    assert (complete.dropped, each.dropped) == ([0, 0], [2, 2])
    assert each.latency_ms(50) == LoadPass(workload, rest).latency_ms(50)
    assert each.queries_per_s == pytest.approx(5 / span_s(rest))

    report = Report("throughput", {})
    record_passes(report, "server", [complete, each], Rules(1, 0.0), kept_up=False)
    assert report.reasons == []
    (reading,) = report.readings
    assert (reading.name, reading.repetitions) == ("throughput.server.dropped", (0.0, 4.0))
    assert [report.passes[name]["dropped"] for name in ("server.0", "server.1")] == [[0, 0], [2, 2]]

    blocking = dataclasses.replace(workload, overflow=Overflow.BLOCK)
    record_passes(report, "blocking", [LoadPass(blocking, dropped[:1])], Rules(1, 0.0))
    assert report.faults == ["blocking, repetition 0: link 0: 2 queries were dropped: expected none"]
