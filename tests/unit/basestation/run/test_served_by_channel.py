"""Served queries are counted by the states of the links that their symbols met."""

import numpy as np

from splitwave.basestation.run.served_queries import MAX_STATES, QueryCounts, ServingCounts
from splitwave.common.protocol.live_channel import UNCHANGED, ChannelValues, LiveChannel
from splitwave.common.records.results import ServedByChannel, ServedQueries

SAMPLE = np.array([3])


def bad(version: int) -> tuple[LiveChannel, LiveChannel]:
    return LiveChannel(version, ChannelValues(psnr_db=0.0)), UNCHANGED


def served(*passes: QueryCounts) -> ServingCounts:
    counts = ServingCounts()
    for each in passes:
        counts.add(each)
    return counts


def test_queries_under_one_state_are_counted_together_over_all_passes_and_sets_of_links() -> None:
    first, second = QueryCounts(), QueryCounts()
    first.add((), SAMPLE, 1, (0, 1), bad(2))
    first.add((), SAMPLE, 0, (1,), bad(2))
    first.add((), SAMPLE, 0, (0, 1))
    second.add((), np.array([5]), 1, (0, 1), bad(2))
    second.add((), SAMPLE, 1, (0, 1), bad(1))
    assert served(first, second).by_channel() == (
        ServedByChannel((UNCHANGED, UNCHANGED), ServedQueries(1, 1, 0.0)),
        ServedByChannel(bad(1), ServedQueries(1, 1, 1.0)),
        ServedByChannel(bad(2), ServedQueries(3, 2, 2 / 3)),
    )
    assert served(first, second).queries() == ServedQueries(5, 2, 3 / 5)


def test_without_live_control_there_are_no_states() -> None:
    counts = QueryCounts()
    counts.add((), SAMPLE, 1, (0, 1))
    assert served(counts).by_channel() == ()


def test_states_beyond_the_limit_are_counted_together() -> None:
    first, second = QueryCounts(), QueryCounts()
    for version in range(1, MAX_STATES + 3):
        first.add((), SAMPLE, 1, (0, 1), bad(version))
    second.add((), SAMPLE, 0, (0, 1), bad(MAX_STATES + 3))
    *apart, rest = served(first, second).by_channel()
    assert [each.channels for each in apart] == [bad(version) for version in range(1, MAX_STATES + 1)]
    assert rest == ServedByChannel((), ServedQueries(3, 1, 2 / 3))
