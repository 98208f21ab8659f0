"""The encoding of live control: states of links in blocks, changes, plans and reports."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.channel_changes import PLAN, ChannelChange, ChannelReport, LinkReport, PlannedValues
from splitwave.common.protocol.live_channel import VALUE_NAMES, ChannelValues, LiveChannel
from splitwave.common.wire.blocks import block_from_proto, block_to_proto
from splitwave.common.wire.channel_control import (
    change_from_proto,
    change_to_proto,
    plan_from_proto,
    plan_to_proto,
    report_from_proto,
    report_to_proto,
)
from splitwave.common.wire.live_channel import LARGEST_BYTES
from splitwave.common.wire.pb import channel_control_pb2 as pb
from splitwave.common.wire.pb import uplink_pb2
from tests.unit.common.wire.examples import contract_of, level_block

DECIBELS = st.none() | st.floats(-100, 150)
TIMES = st.none() | st.floats(0, 1e9)
VALUES = st.builds(
    ChannelValues, DECIBELS, DECIBELS, st.none() | st.floats(0, 1), TIMES, TIMES, st.none() | st.floats(1e-3, 1e12)
)
CHANNELS = st.builds(LiveChannel, st.integers(0, 2**64 - 1), VALUES)
LINKS = st.integers(0, 63)


@given(CHANNELS)
def test_the_state_of_a_link_survives_the_wire_in_a_block_within_its_bound(channel: LiveChannel) -> None:
    contract, plain = contract_of(), uplink_pb2.SymbolBlock()
    block_to_proto(level_block(), contract, plain)
    message = uplink_pb2.SymbolBlock()
    block_to_proto(dataclasses.replace(level_block(), channel=channel), contract, message)
    received = uplink_pb2.SymbolBlock.FromString(message.SerializeToString())
    assert block_from_proto(received, contract).channel == channel
    assert block_from_proto(plain, contract).channel is None
    assert message.ByteSize() - plain.ByteSize() <= LARGEST_BYTES


@given(st.none() | LINKS, VALUES, st.sets(st.sampled_from([*VALUE_NAMES, PLAN])))
def test_changes_survive_the_wire(link: int | None, values: ChannelValues, names: set[str]) -> None:
    reset = frozenset(names - values.given.keys()) or frozenset({PLAN})
    change = ChannelChange(link, values, reset)
    assert change_from_proto(pb.Change.FromString(change_to_proto(change).SerializeToString())) == change


@given(st.lists(st.builds(PlannedValues, LINKS, st.integers(0, 2**64 - 1), VALUES.filter(lambda each: each.given))))
def test_plans_survive_the_wire(rows: list[PlannedValues]) -> None:
    assert plan_from_proto(pb.PlanChunk.FromString(plan_to_proto(rows).SerializeToString())) == rows


@given(st.integers(0, 2**64 - 1), st.lists(st.builds(LinkReport, LINKS, CHANNELS, st.integers(0, 99), st.booleans())))
def test_reports_survive_the_wire(version: int, links: list[LinkReport]) -> None:
    report = ChannelReport(version, tuple(links))
    assert report_from_proto(pb.ChannelState.FromString(report_to_proto(report).SerializeToString())) == report


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"psnr_db": float("nan")}, "psnr_db = nan: expected a number from -100 to 150"),
        ({"gain_db": 151.0}, "gain_db = 151.0: expected a number from -100 to 150"),
        ({"loss": 1.5}, "loss = 1.5: expected a number from 0 to 1"),
        ({"delay_ms": -1.0}, "delay_ms = -1.0: expected a finite number of 0 or more"),
        ({"jitter_ms": float("inf")}, "jitter_ms = inf: expected a finite number of 0 or more"),
        ({"rate_limit_bps": 0.0}, "rate_limit_bps = 0.0: expected a finite number above 0"),
        ({}, "a change without a value"),
    ],
)
def test_values_outside_of_their_range_are_refused_by_name(values: dict[str, float], reason: str) -> None:
    with pytest.raises(ProtocolError, match=f"^{reason}$"):
        change_from_proto(pb.Change(link=0, values=uplink_pb2.ChannelValues(**values)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (pb.Change(link=64, reset=[PLAN]), "link 64: expected 0 to 63"),
        (pb.Change(reset=["psnr"]), "psnr: a link has no such value; expected one of psnr_db, gain_db, "),
        (pb.Change(reset=["loss"], values=uplink_pb2.ChannelValues(loss=0.5)), "loss is both set and reset"),
    ],
)
def test_changes_of_what_no_link_has_are_refused(change: pb.Change, reason: str) -> None:
    with pytest.raises(ProtocolError, match=f"^{reason}"):
        change_from_proto(change)
    with pytest.raises(ProtocolError, match="a row without a value"):
        plan_from_proto(pb.PlanChunk(rows=[pb.PlannedValues(link=0, query=3)]))
