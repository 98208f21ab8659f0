"""The names of live queries and their block keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.query_name import QueryName

NAMES = st.builds(QueryName, st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))


@given(NAMES)
def test_a_name_survives_its_key(name: QueryName) -> None:
    assert QueryName.of(name.key) == name


@given(NAMES, NAMES)
def test_different_names_have_different_keys(one: QueryName, other: QueryName) -> None:
    assert (one.key == other.key) == (one == other)


def test_a_query_has_the_key_of_the_same_query_of_a_serving_pass() -> None:
    assert QueryName(3, 17).key == BlockKey(Phase.SERVE, 3, 17)


@pytest.mark.parametrize(("stream", "sequence"), [(-1, 0), (2**32, 0), (0, -1), (0, 2**64)])
def test_numbers_that_do_not_fit_are_refused(stream: int, sequence: int) -> None:
    with pytest.raises(ProtocolError, match="expected 0 to"):
        QueryName(stream, sequence)


def test_a_key_of_another_phase_is_no_query() -> None:
    with pytest.raises(ProtocolError, match="test step 0 micro-batch 0 is no live query"):
        QueryName.of(BlockKey(Phase.TEST, 0, 0))


def test_captures_within_half_a_period_have_one_name() -> None:
    period_ns = 100_000_000
    names = {QueryName.captured_at(1, 5 * period_ns + off_ns, period_ns) for off_ns in (-49_999_999, 0, 49_999_999)}
    assert names == {QueryName(1, 5)}


@pytest.mark.parametrize(("time_ns", "period_ns"), [(-1, 1), (0, 0), (0, -5)])
def test_times_that_are_not_positive_are_refused(time_ns: int, period_ns: int) -> None:
    with pytest.raises(ProtocolError, match="expected positive times"):
        QueryName.captured_at(0, time_ns, period_ns)
