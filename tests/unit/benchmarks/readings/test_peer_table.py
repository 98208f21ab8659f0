"""Ratios of Splitwave to its competitors pair the repetitions of both sides; the table has them beside the times."""

import numpy as np
import pytest

from splitwave.benchmarks.readings.peer_table import (
    BARE_TORCH,
    OUR_ONE_PROCESS,
    OUR_SHARDS,
    OURS,
    Rounds,
    SideTimes,
    add_peer_readings,
    paired_ratios,
    peer_table,
)
from splitwave.benchmarks.readings.report import Report
from splitwave.benchmarks.readings.targets import TARGETS

NO_QUERIES = np.zeros(0, dtype=np.int64)


def times(step_ms: dict[int, float], query_ms: list[float] | None = None) -> SideTimes:
    query_ns = NO_QUERIES if query_ms is None else np.array(query_ms) * 1_000_000
    return SideTimes({batch: ms / 1e3 for batch, ms in step_ms.items()}, query_ns.astype(np.int64))


def sides() -> dict[str, Rounds]:
    return {
        OURS: [times({64: 4, 256: 10}, [1, 1, 3]), times({64: 6, 256: 12}, [2, 2, 4])],
        OUR_SHARDS: [times({64: 5, 256: 9}), times({64: 5, 256: 9})],
        OUR_ONE_PROCESS: [times({64: 10, 256: 18}), times({64: 10, 256: 18})],
        "pickle_tcp": [times({64: 8, 256: 10}, [2, 2, 2]), None],
        "ray": [None, None],
        BARE_TORCH: [times({64: 5, 256: 20}), times({64: 20, 256: 20})],
    }


def values(report: Report) -> dict[str, tuple[float, ...]]:
    return {reading.name: reading.repetitions for reading in report.readings}


def test_a_ratio_pairs_the_repetitions_in_which_both_sides_were_measured() -> None:
    ours, theirs = [times({64: 4}), times({64: 6}), None], [times({64: 8}), None, times({64: 3})]
    assert paired_ratios(ours, theirs, lambda each: each.step_ms(64)) == [0.5]
    assert paired_ratios(ours, theirs, lambda each: each.query_ms(50)) == []


def test_the_readings_are_times_of_each_side_and_ratios_of_splitwave_to_it() -> None:
    report = Report("peers", {})
    add_peer_readings(report, sides())
    found = values(report)
    assert found["peers.b64.splitwave"] == (4.0, 6.0)
    assert found["peers.b64.pickle_tcp"] == (8.0,)
    assert found["peers.b64.over_pickle_tcp"] == (0.5,)
    assert found["peers.b256.over_torch_2_threads"] == pytest.approx((0.5, 0.6))
    assert found["peers.b256.shards_over_one_process"] == pytest.approx((0.5, 0.5))
    assert found["peers.b64.one_process_over_torch"] == pytest.approx((2.0, 0.5))
    assert found["peers.single.splitwave.p50"] == (1.0, 2.0)
    assert found["peers.single.splitwave.p99"] == (3.0, 4.0)
    assert found["peers.single.p50_over_pickle_tcp"] == (0.5,)
    assert found["peers.single.p99_over_pickle_tcp"] == (1.5,)


def test_a_side_that_never_succeeded_has_no_readings_and_a_row_without_numbers() -> None:
    report = Report("peers", {})
    add_peer_readings(report, sides())
    assert not [name for name in values(report) if "ray" in name]
    (row,) = [line for line in peer_table(sides()).splitlines() if line.startswith("ray ")]
    assert row.split() == ["ray", *["–"] * 8]


def test_the_table_has_medians_and_median_ratios() -> None:
    rows = {line.split()[0]: line.split()[1:] for line in peer_table(sides()).splitlines()[2:]}
    assert rows[OURS] == ["5.00", "1.00", "11.00", "1.00", "1.50", "1.00", "3.50", "1.00"]
    assert rows["pickle_tcp"] == ["8.00", "0.50", "10.00", "1.00", "2.00", "0.50", "2.00", "1.50"]
    assert rows[BARE_TORCH] == ["12.50", "0.55", "20.00", "0.55", *["–"] * 4]


def test_every_target_is_that_of_a_reading() -> None:
    every = {name: [times({64: 1, 256: 1, 1024: 1}, [1])] for name in (*sides(), "torch_rpc", "echo")}
    report = Report("peers", {})
    add_peer_readings(report, every)
    assert {name for name in TARGETS if name.startswith("peers.")} <= values(report).keys()
