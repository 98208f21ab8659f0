import pytest

from splitwave.channel.control.live_state import LiveState
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_changes import PLAN, ChannelChange, PlannedValues
from splitwave.common.protocol.live_channel import UNCHANGED, ChannelValues, LiveChannel
from splitwave.common.protocol.phases import Phase

QUERY = BlockKey(Phase.SERVE, 0, 0)


def query(number: int, stream: int = 0) -> BlockKey:
    return BlockKey(Phase.SERVE, (number >> 32 << 32) + stream, number % (1 << 32))


def psnr(value: float) -> ChannelValues:
    return ChannelValues(psnr_db=value)


def test_a_change_replaces_the_values_that_it_gives_and_keeps_the_others() -> None:
    state = LiveState().changed([ChannelChange(1, ChannelValues(psnr_db=0.0, loss=0.5))], range(2))
    assert state.at(1, QUERY) == LiveChannel(1, ChannelValues(psnr_db=0.0, loss=0.5))
    assert state.at(0, QUERY) == UNCHANGED
    state = state.changed([ChannelChange(1, psnr(3.0), frozenset({"loss"}))], range(2))
    assert state.at(1, QUERY) == LiveChannel(2, psnr(3.0))
    state = state.changed([ChannelChange(1, reset=frozenset({"psnr_db"}))], range(2))
    assert state.at(1, QUERY) == LiveChannel(3)


def test_changes_of_one_request_share_a_version_and_a_change_without_a_link_is_for_all() -> None:
    state = LiveState().changed([ChannelChange(None, psnr(1.0)), ChannelChange(2, psnr(2.0))], range(3))
    assert [state.at(link, QUERY) for link in range(3)] == [LiveChannel(1, psnr(value)) for value in (1.0, 1.0, 2.0)]
    with pytest.raises(ProtocolError, match="no device has been welcomed yet: name a link") as refused:
        LiveState().changed([ChannelChange(None, psnr(1.0))], range(0))
    assert refused.value.refusal is Refusal.FAILED_PRECONDITION


def test_a_plan_is_a_function_of_the_query_whatever_its_stream_and_of_nothing_else() -> None:
    rows = [PlannedValues(0, 5, psnr(1.0)), PlannedValues(1, 5, psnr(2.0)), PlannedValues(0, 2, ChannelValues(loss=1))]
    state = LiveState(7).planned(rows)
    lossy = LiveChannel(8, ChannelValues(loss=1))
    later = LiveChannel(9, ChannelValues(psnr_db=1.0, loss=1))
    for stream in (0, 3):
        met = [state.at(0, query(number, stream)) for number in (0, 1, 2, 4, 5, 1 << 40)]
        assert met == [UNCHANGED, UNCHANGED, lossy, lossy, later, later]
    assert state.at(1, query(5)) == LiveChannel(9, psnr(2.0))
    assert state.at(0, BlockKey(Phase.TRAIN, 0, 9)) == UNCHANGED
    assert state.version == 9


def test_a_plan_goes_on_from_the_values_that_were_set_and_ends_with_them() -> None:
    before = LiveState().changed([ChannelChange(0, ChannelValues(gain_db=-3.0))], range(1))
    state = before.planned([PlannedValues(0, 1, psnr(1.0))])
    assert state.at(0, query(0)) == LiveChannel(1, ChannelValues(gain_db=-3.0))
    assert state.at(0, query(1)) == LiveChannel(2, ChannelValues(psnr_db=1.0, gain_db=-3.0))
    with pytest.raises(ProtocolError, match="link 0 follows a plan of 1 rows: end it first with plan=none"):
        state.changed([ChannelChange(0, psnr(0.0))], range(1))
    ended = state.changed([ChannelChange(0, reset=frozenset({PLAN}))], range(1))
    assert ended.at(0, query(1)) == LiveChannel(3, ChannelValues(gain_db=-3.0))


def test_no_two_states_of_a_link_have_one_version() -> None:
    state = LiveState()
    seen: dict[int, ChannelValues] = {}
    for value in range(5):
        state = state.changed([ChannelChange(0, psnr(value))], range(1))
        state = state.planned([PlannedValues(0, n, psnr(10 * value + n)) for n in range(3)])
        for number in range(3):
            met = state.at(0, query(number))
            assert seen.setdefault(met.version, met.values) == met.values
        state = state.changed([ChannelChange(0, reset=frozenset({PLAN}))], range(1))
    assert state.version == 5 * 5


def test_plans_without_rows_are_refused() -> None:
    with pytest.raises(ProtocolError, match="a plan of 0 rows: expected 1 to 1000000"):
        LiveState().planned([])
