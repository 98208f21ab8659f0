"""Load passes: closed and open loops, and the stamps of their queries."""

import dataclasses

import numpy as np
import pytest

import splitwave.common.protocol.workload
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.link_setting import LinkSetting
from splitwave.common.protocol.messages import SetLink
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.reports import PassReport, UplinkCost
from splitwave.common.protocol.timing import Stamps
from splitwave.common.protocol.workload import DIRECT_STAMPS, STAMPS, Overflow, dropped_queries
from splitwave.device.session.session import DeviceSession
from tests.unit.device.session.single_device import (
    CLOSED,
    CONDITIONED,
    OPEN,
    answer_to_query,
    due_block,
    load_command,
    on_its_way,
    react,
    welcome,
)


def test_a_closed_loop_keeps_its_window_and_stamps_every_query(session: DeviceSession) -> None:
    list(react(session, welcome()))
    first, second = (on_its_way(session, each) for each in react(session, load_command(CLOSED), 500))
    assert [first.key, second.key] == [BlockKey(Phase.LOAD, 7, number) for number in (0, 1)]
    assert session.next_due_ns() is None  # nothing is paced
    blocks, under_way = [first, second], [first, second]
    report = None
    for heard in range(1, 7):
        for body in react(session, answer_to_query(under_way.pop(0)), heard * 1_000_000):
            if isinstance(body, PassReport):
                report = body
            else:
                blocks.append(on_its_way(session, body))
                under_way.append(blocks[-1])
    assert report is not None
    asked = [sample for block in blocks for sample in block.sample_ids]
    assert [sorted(asked[:10]), sorted(asked[10:20])] == [list(range(10))] * 2  # all ten, before any again
    assert report.cost == UplinkCost(24, 60, 120)
    assert report.hops == STAMPS
    stamps = dict(zip(STAMPS, report.hop_times_ns.T, strict=True))
    # Due as soon as there was room: at once, or when the answer before came.
    assert stamps["due"].tolist() == [500, 500, 1_000_000, 2_000_000, 3_000_000, 4_000_000]
    assert stamps["received"].tolist() == [heard * 1_000_000 for heard in range(1, 7)]
    own = np.stack([stamps[name] for name in ("started", "encoded", "packed", "sent")])
    # Ticks of the test's clock: a block leaves before the next is made.
    assert np.diff(own, axis=0).tolist() == [[1000] * 6, [2000] * 6, [1000] * 6]
    others = ("channel_in", "channel_out", "arrived", "fused", "decoding", "decoded", "channel_back", "channel_down")
    assert [stamps[name].tolist() for name in others] == [[value] * 6 for value in range(9, 17)]


def test_a_link_without_an_emulator_has_no_stamps_of_an_emulator(session: DeviceSession) -> None:
    list(react(session, welcome()))
    load = dataclasses.replace(CLOSED, queries=1)
    (block,) = react(session, load_command(load))
    (report,) = react(session, answer_to_query(on_its_way(session, block), Stamps(11, 12, 13, 14)))
    assert isinstance(report, PassReport)
    assert report.hops == DIRECT_STAMPS
    assert report.hop_times_ns[0, 5:9].tolist() == [11, 12, 13, 14]


def test_an_open_loop_is_due_by_its_schedule_whether_or_not_it_is_answered(session: DeviceSession) -> None:
    list(react(session, welcome()))
    assert list(react(session, load_command(OPEN), 500)) == []
    due, blocks = [], []
    while (at_ns := session.next_due_ns()) is not None:
        due.append(at_ns)
        blocks.append(on_its_way(session, due_block(session)))
    assert due == (500 + OPEN.schedule_ns()).tolist()
    for block in blocks[:-1]:
        assert list(react(session, answer_to_query(block))) == []
    (report,) = react(session, answer_to_query(blocks[-1]))
    assert isinstance(report, PassReport)
    assert report.hop_times_ns[:, STAMPS.index("due")].tolist() == due


def test_an_open_loop_without_credit_waits_and_its_queries_keep_the_time_at_which_they_were_due(
    session: DeviceSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitwave.common.protocol.workload, "MAX_OPEN_SAMPLES", 2 * OPEN.samples)
    list(react(session, welcome()))
    list(react(session, load_command(OPEN), 0))
    blocks = [on_its_way(session, due_block(session)) for _ in range(2)]
    assert session.next_due_ns() is None  # the link has no credit
    heard = 10**12
    while blocks:
        bodies = list(react(session, answer_to_query(blocks.pop(0)), heard))
        if session.next_due_ns() is not None:
            blocks.append(on_its_way(session, due_block(session)))
    (report,) = bodies
    assert isinstance(report, PassReport)
    np.testing.assert_array_equal(report.hop_times_ns[:, STAMPS.index("due")], OPEN.schedule_ns())


def test_a_query_that_waits_too_long_is_dropped_and_its_report_has_only_when_it_was_due(
    session: DeviceSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splitwave.common.protocol.workload, "MAX_OPEN_SAMPLES", 2 * OPEN.samples)
    monkeypatch.setattr(splitwave.common.protocol.workload, "MAX_WAITING_QUERIES", 1)
    list(react(session, welcome()))
    load = dataclasses.replace(OPEN, overflow=Overflow.DROP_OLDEST)
    begun_ns = -(10**12)  # so that all queries are due on the test's clock
    list(react(session, load_command(load), begun_ns))
    (report,) = react(session, answer_to_query(on_its_way(session, due_block(session))))
    assert isinstance(report, PassReport)
    assert dropped_queries(report.hops, report.hop_times_ns).tolist() == [0, 1, 2, 3, 4]
    assert report.cost.samples == load.samples  # of the newest query alone
    np.testing.assert_array_equal(report.hop_times_ns[:, STAMPS.index("due")], begun_ns + load.schedule_ns())


def test_a_load_of_larger_queries_than_the_runs_blocks_is_refused(session: DeviceSession) -> None:
    list(react(session, welcome()))
    with pytest.raises(ProtocolError, match=r"samples = 6: expected at most inference.block_size = 5"):
        list(react(session, load_command(dataclasses.replace(CLOSED, samples=6))))


def test_blocks_of_a_load_pass_have_the_serving_beta_and_are_not_counted_as_served(session: DeviceSession) -> None:
    list(react(session, welcome(config=CONDITIONED)))
    list(react(session, SetLink(LinkSetting(beta=0.5))))
    (block,) = react(session, load_command(dataclasses.replace(CLOSED, queries=1)))
    assert isinstance(block, SymbolBlock)
    assert block.beta == 0.5
    (report,) = react(session, answer_to_query(on_its_way(session, block)))
    assert isinstance(report, PassReport)
    assert report.entropies == ()
