"""The encoding of epoch records and results."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.live_channel import ChannelValues, LiveChannel
from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.records.results import (
    EpochRecord,
    Evaluation,
    LinkUse,
    RunResult,
    ServedAtBeta,
    ServedByChannel,
    ServedByLinks,
    ServedQueries,
)
from splitwave.common.wire.pb import control_pb2 as pb
from splitwave.common.wire.results import (
    epoch_from_proto,
    epoch_to_proto,
    evaluation_from_proto,
    evaluation_to_proto,
    result_from_proto,
    result_to_proto,
)

COUNTS = st.integers(0, 2**64 - 1)
FLOATS = st.floats(allow_nan=False)
NAMES = st.text(max_size=12)
COSTS = st.builds(UplinkCost, COUNTS, COUNTS, COUNTS)
USES = st.lists(st.builds(LinkUse, COUNTS, COUNTS, COUNTS, COUNTS), max_size=3).map(tuple)
QUERIES = st.builds(ServedQueries, COUNTS, COUNTS, FLOATS, USES)


@given(
    st.builds(
        EpochRecord,
        epoch=COUNTS,
        step=COUNTS,
        distortion=FLOATS,
        rate_nats=st.lists(FLOATS, max_size=4).map(tuple),
        training_error=FLOATS,
        validation_error=st.none() | FLOATS,
        samples_per_s=FLOATS,
        seconds=FLOATS,
    )
)
def test_an_epoch_record_survives_the_wire(record: EpochRecord) -> None:
    wire = epoch_to_proto(record).SerializeToString()

    assert epoch_from_proto(pb.EpochRecord.FromString(wire)) == record


@given(st.builds(Evaluation, FLOATS, FLOATS))
def test_test_errors_survive_the_wire(evaluation: Evaluation) -> None:
    wire = evaluation_to_proto(evaluation).SerializeToString()

    assert evaluation_from_proto(pb.Evaluation.FromString(wire)) == evaluation


CHANNELS = st.builds(LiveChannel, st.integers(0, 2**64 - 1), st.builds(ChannelValues, st.none() | st.floats(-100, 150)))


@given(
    hops=st.lists(NAMES, min_size=1, max_size=5).map(tuple),
    rows=st.integers(0, 4),
    costs=st.lists(COSTS, max_size=3).map(tuple),
    rates=st.tuples(FLOATS, FLOATS, FLOATS),
    seed=st.integers(0, 2**32 - 1),
    served=st.lists(
        st.builds(ServedAtBeta, st.lists(FLOATS, max_size=3).map(tuple), QUERIES, st.none() | FLOATS), max_size=3
    ).map(tuple),
    queries=QUERIES,
    by_links=st.lists(
        st.builds(ServedByLinks, st.lists(st.integers(0, 63), max_size=3).map(tuple), QUERIES), max_size=3
    ).map(tuple),
    by_channel=st.lists(st.builds(ServedByChannel, st.lists(CHANNELS, max_size=3).map(tuple), QUERIES), max_size=3).map(
        tuple
    ),
)
def test_a_result_survives_the_wire(
    hops: tuple[str, ...],
    rows: int,
    costs: tuple[UplinkCost, ...],
    rates: tuple[float, float, float],
    seed: int,
    served: tuple[ServedAtBeta, ...],
    queries: ServedQueries,
    by_links: tuple[ServedByLinks, ...],
    by_channel: tuple[ServedByChannel, ...],
) -> None:
    times = np.random.default_rng(seed).integers(-(2**63), 2**63, size=(rows, len(hops)), dtype=np.int64)
    result = RunResult(7, *rates, costs, hops, times, "5ha", queries, served, by_links, by_channel)

    wire = result_to_proto(result).SerializeToString()
    back = result_from_proto(pb.RunResult.FromString(wire))

    np.testing.assert_array_equal(back.hop_times_ns, times)
    assert (back.steps, back.samples_per_s, back.error, back.error_soft) == (7, *rates)
    assert (back.costs, back.hops, back.weights_sha256) == (costs, hops, "5ha")
    assert (back.queries, back.served, back.by_links, back.by_channel) == (queries, served, by_links, by_channel)


def test_hop_times_that_are_not_whole_rows_are_refused() -> None:
    with pytest.raises(ProtocolError, match="17 bytes of hop times: expected a multiple of 2 int64"):
        result_from_proto(pb.RunResult(hops=["a", "b"], hop_times_ns=bytes(17)))
