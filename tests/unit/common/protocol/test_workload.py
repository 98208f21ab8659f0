"""Workloads: their schedule, limits and encoding."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import ProtocolError
from splitwave.common.limits import MAX_MESSAGE_BYTES
from splitwave.common.protocol.phases import Phase, Symbols
from splitwave.common.protocol.reports import PassReport, UplinkCost
from splitwave.common.protocol.workload import (
    DIRECT_STAMPS,
    MAX_DURATION_S,
    MAX_QUERIES,
    MAX_WINDOW,
    STAMPS,
    LinkStamps,
    Overflow,
    Workload,
    check_workload,
)
from splitwave.common.wire.pb import control_pb2, uplink_pb2
from splitwave.common.wire.uplink import uplink_to_proto
from splitwave.common.wire.workload import (
    link_stamps_from_proto,
    link_stamps_to_proto,
    workload_from_proto,
    workload_to_proto,
)

CLOSED = Workload(queries=20, samples=4, window=8, rate_per_s=0.0, seed=3)
OPEN = dataclasses.replace(CLOSED, queries=20_000, rate_per_s=250.0)

LOADS = st.builds(
    Workload,
    st.integers(1, MAX_QUERIES),
    st.integers(1, 2**32 - 1),
    st.integers(1, MAX_WINDOW),
    st.just(0.0) | st.floats(MAX_QUERIES / MAX_DURATION_S, 1e9),
    st.integers(0, 2**64 - 1),
) | st.builds(
    Workload,
    st.integers(1, MAX_QUERIES),
    st.just(1),
    st.just(1),
    st.just(1e3),
    st.just(0),
    st.sampled_from(Overflow),
)


def test_a_schedule_is_a_function_of_rate_and_seed() -> None:
    again, other = dataclasses.replace(OPEN), dataclasses.replace(OPEN, seed=4)
    np.testing.assert_array_equal(OPEN.schedule_ns(), again.schedule_ns())
    assert not np.array_equal(OPEN.schedule_ns(), other.schedule_ns())
    faster = dataclasses.replace(OPEN, rate_per_s=500.0)
    np.testing.assert_allclose(2 * faster.schedule_ns(), OPEN.schedule_ns(), atol=2)


def test_an_open_loop_is_a_poisson_process() -> None:
    schedule = OPEN.schedule_ns()
    assert schedule.dtype == np.int64
    gaps_s = np.diff(schedule, prepend=0) / 1e9 * OPEN.rate_per_s  # exponentially distributed with mean and variance 1
    n = OPEN.queries
    assert gaps_s.min() >= 0
    assert abs(gaps_s.mean() - 1) < 4 / math.sqrt(n)  # variance of the mean: 1/n
    assert abs(gaps_s.var() - 1) < 4 * math.sqrt(
        8 / n
    )  # variance of the sample variance: (9 - 1)/n, with the fourth central moment 9
    assert abs(np.corrcoef(gaps_s[:-1], gaps_s[1:])[0, 1]) < 4 / math.sqrt(n)
    counts = np.bincount(schedule // 100_000_000)[:-1]  # arrivals per tenth of a second have mean and variance 25
    assert abs(counts.var() / counts.mean() - 1) < 4 * math.sqrt(2 / len(counts))


def test_a_closed_loop_has_no_schedule() -> None:
    np.testing.assert_array_equal(CLOSED.schedule_ns(), np.zeros(20, dtype=np.int64))


def test_a_closed_loop_is_bounded_by_its_window_and_an_open_one_by_samples_in_flight() -> None:
    assert CLOSED.credits == 8
    assert [dataclasses.replace(OPEN, samples=samples).credits for samples in (1, 4, 4096, 60_000)] == [
        4096,
        1024,
        1,
        1,
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"queries": 0}, "queries = 0: expected 1 to 250000"),
        ({"queries": MAX_QUERIES + 1}, "queries = 250001: expected 1 to 250000"),
        ({"samples": 0}, "samples = 0: expected at least 1"),
        ({"samples": 257}, "samples = 257: expected at most inference.block_size = 256 of this run"),
        ({"window": 0}, "window = 0: expected 1 to 256"),
        ({"window": 257}, "window = 257: expected 1 to 256"),
        ({"seed": -1}, "seed = -1: expected 0 to"),
        ({"rate_per_s": -1.0}, "rate_per_s = -1.0: expected a finite number, 0 or more"),
        ({"rate_per_s": math.nan}, "rate_per_s = nan: expected a finite number, 0 or more"),
        ({"rate_per_s": math.inf}, "rate_per_s = inf: expected a finite number, 0 or more"),
        ({"overflow": Overflow.DROP_OLDEST}, "overflow = drop-oldest and rate_per_s = 0: only an open loop"),
        ({"rate_per_s": 1e-4}, "queries = 20 at rate_per_s = 0.0001: expected to last at most 86400 s"),
    ],
)
def test_a_workload_that_cannot_be_carried_out_is_refused_with_the_value(
    changes: dict[str, float], message: str
) -> None:
    with pytest.raises(ProtocolError) as error:
        check_workload(dataclasses.replace(CLOSED, **changes), 256)  # type: ignore[arg-type]
    assert message in str(error.value)


@given(LOADS)
def test_workloads_survive_the_wire(load: Workload) -> None:
    message = uplink_pb2.Workload.FromString(workload_to_proto(load).SerializeToString())
    assert workload_from_proto(message) == load


def test_an_unknown_overflow_is_refused() -> None:
    message = workload_to_proto(OPEN)
    message.overflow = 7  # type: ignore[assignment]
    with pytest.raises(ProtocolError, match="a workload with overflow = 7: expected one of 0, 1"):
        workload_from_proto(message)


def test_stamps_tell_which_queries_were_dropped() -> None:
    at_ns = np.ones((4, len(STAMPS)), dtype=np.int64)
    at_ns[[1, 3], 1:] = 0
    assert LinkStamps(0, STAMPS, at_ns).dropped.tolist() == [1, 3]


def test_a_workload_is_checked_when_it_is_decoded() -> None:
    with pytest.raises(ProtocolError, match="a workload with queries = 0"):
        workload_from_proto(uplink_pb2.Workload())


@given(st.sampled_from([STAMPS, DIRECT_STAMPS]), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_time_stamps_survive_the_wire(names: tuple[str, ...], queries: int, seed: int) -> None:
    at_ns = np.random.default_rng(seed).integers(0, 2**63, (queries, len(names)), dtype=np.int64)
    message = link_stamps_to_proto(LinkStamps(3, names, at_ns)).SerializeToString()
    back = link_stamps_from_proto(control_pb2.MeasuredLink.FromString(message))
    assert (back.link, back.names) == (3, names)
    np.testing.assert_array_equal(back.at_ns, at_ns)


def test_time_stamps_of_other_names_are_refused() -> None:
    with pytest.raises(ProtocolError, match="time stamps due, received: expected due, started"):
        link_stamps_from_proto(control_pb2.MeasuredLink(names=["due", "received"], at_ns=bytes(16)))


def test_the_stamps_of_the_longest_workload_fit_a_message() -> None:
    at_ns = np.zeros((MAX_QUERIES, len(STAMPS)), dtype=np.int64)
    report = PassReport(Phase.LOAD, Symbols.HARD, UplinkCost(MAX_QUERIES, 2**62, 2**62), STAMPS, at_ns)
    assert uplink_to_proto(report).ByteSize() < 0.9 * MAX_MESSAGE_BYTES
