"""Traces of links: what is read, what is refused, and when each change is sent."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.common.errors import ConfigError
from splitwave.common.protocol.channel_changes import ChannelChange, PlannedValues
from splitwave.common.protocol.live_channel import ChannelValues
from splitwave.testbed.channel_trace import TraceRow, plan_of, play, read_trace

ROWS = [
    TraceRow(0.0, 0, ChannelValues(psnr_db=10.0)),
    TraceRow(1.5, None, ChannelValues(psnr_db=-3.0, loss=0.25)),
    TraceRow(1.5, 1, ChannelValues(gain_db=-6.0)),
    TraceRow(4.0, 0, ChannelValues(psnr_db=0.0)),
]


@pytest.fixture(name="trace")
def _trace(tmp_path: Path) -> Path:
    path = tmp_path / "trace.csv"
    path.write_text(
        "time_s,link,psnr_db,loss,gain_db\n0,0,10,,\n1.5,,-3,0.25,\n1.5,1,,,-6\n4,0,0,,\n", encoding="utf-8"
    )
    return path


def test_a_trace_has_a_change_in_each_row_and_empty_cells_change_nothing(trace: Path) -> None:
    assert read_trace(trace) == ROWS


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "columns none: expected time_s, perhaps link, and some of psnr_db, gain_db,"),
        ("time_s,link\n", "columns time_s, link: expected"),
        ("time_s,psnr\n", "columns time_s, psnr: expected"),
        ("time_s,psnr_db\n", "a trace without rows"),
        ("time_s,psnr_db\n1,0\n0,0\n", "time_s = 0 comes after 1: expected ascending times"),
        ("time_s,psnr_db\n-1,0\n", ", line 2: time_s = -1: expected a finite number of 0 or more"),
        ("time_s,psnr_db\n0,\n", ", line 2: no value"),
        ("time_s,psnr_db\n0,1\n1\n", ", line 3: another number of cells"),
        ("time_s,psnr_db\n0,much\n", ", line 2: could not convert string to float: 'much'"),
        ("time_s,loss\n0,2\n", ", line 2: loss = 2.0: expected a number from 0 to 1"),
        ("time_s,link,loss\n0,64,0\n", ", line 2: link 64: expected 0 to 63"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_line(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        read_trace(path)
    assert str(refused.value).startswith(str(path))
    assert reason in str(refused.value)


def test_a_row_holds_from_the_first_query_at_its_time_or_later() -> None:
    rows = plan_of(ROWS, 2.5, [0, 1])
    assert [(row.link, row.query) for row in rows] == [(0, 0), (0, 4), (1, 4), (1, 4), (0, 10)]
    assert rows[1] == PlannedValues(0, 4, ROWS[1].values)


@pytest.mark.parametrize("queries_per_s", [3.0, 7.0, 10.0, 30.0, 49.0, 100.0])
def test_a_row_at_the_time_of_a_query_holds_from_that_query_on(queries_per_s: float) -> None:
    """Also where time · rate is not the number of the query: 0.07 · 100 = 7.000000000000001."""
    rows = [TraceRow(query / queries_per_s, 0, ROWS[0].values) for query in range(2_000)]
    assert [row.query for row in plan_of(rows, queries_per_s, [0])] == list(range(2_000))


@given(st.floats(0, 1e6), st.floats(1e-3, 1e6))
def test_a_row_holds_for_no_query_before_its_time_and_for_all_from_it_on(time_s: float, queries_per_s: float) -> None:
    (row,) = plan_of([TraceRow(time_s, 0, ROWS[0].values)], queries_per_s, [0])
    assert row.query / queries_per_s >= time_s
    assert row.query == 0 or (row.query - 1) / queries_per_s < time_s


class Clock:
    """Time passes only while a test sleeps, or a change takes long to send."""

    def __init__(self, sending_s: float) -> None:
        self.now_s = 100.0
        self.sending_s = sending_s
        self.sent: list[tuple[float, list[ChannelChange]]] = []

    def now(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    async def send(self, changes: Sequence[ChannelChange]) -> None:
        self.sent.append((self.now_s - 100.0, list(changes)))
        self.now_s += self.sending_s


@pytest.mark.parametrize(
    ("speed", "sending_s", "times"), [(1.0, 0.0, [0.0, 1.5, 4.0]), (2.0, 0.5, [0.0, 0.75, 2.0]), (4.0, 1.0, [0, 1, 2])]
)
def test_changes_are_sent_at_their_times_and_late_ones_at_once(
    speed: float, sending_s: float, times: list[float]
) -> None:
    clock = Clock(sending_s)
    asyncio.run(play(ROWS, clock.send, speed=speed, now=clock.now, sleep=clock.sleep))
    assert [time_s for time_s, _ in clock.sent] == times
    first, together, _ = (changes for _, changes in clock.sent)
    assert first == [ChannelChange(0, ROWS[0].values)]
    assert together == [ChannelChange(None, ROWS[1].values), ChannelChange(1, ROWS[2].values)]
