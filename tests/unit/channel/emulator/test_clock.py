"""The alarms of the machine's clock: tests wait for events, and compare no duration with another."""

import threading
from queue import SimpleQueue

from splitwave.channel.emulator.clock import ThreadClock
from tests.limits import LIMIT_S

MS = 1_000_000


def test_alarms_ring_in_the_order_of_their_times_and_none_early() -> None:
    clock, rung = ThreadClock(), SimpleQueue[tuple[int, int]]()
    due = [clock.now_ns() + after * MS for after in (30, 10, 20)]
    for when in due:
        clock.call_at(when, lambda when=when: rung.put((when, clock.now_ns())))  # type: ignore[misc]
    heard = [rung.get(timeout=LIMIT_S) for _ in due]
    assert [when for when, _ in heard] == sorted(due)
    assert all(now >= when for when, now in heard)


def test_an_alarm_whose_time_is_over_rings_at_once() -> None:
    clock, rung = ThreadClock(), threading.Event()
    clock.call_at(0, rung.set)
    assert rung.wait(LIMIT_S)


def test_an_alarm_beyond_all_bounds_keeps_no_earlier_one() -> None:
    clock, rung = ThreadClock(), threading.Event()
    clock.call_at(1 << 80, lambda: None)
    clock.call_at(clock.now_ns() + MS, rung.set)
    assert rung.wait(LIMIT_S)


def test_a_cancelled_alarm_does_not_ring_and_keeps_no_place() -> None:
    clock, rung = ThreadClock(), SimpleQueue[str]()
    cancel = clock.call_at(1 << 80, lambda: rung.put("a year"))
    soon = clock.now_ns() + 30 * MS
    take_back = clock.call_at(soon + 1_000_000 * MS, lambda: rung.put("cancelled"))
    clock.call_at(soon, lambda: rung.put("soon"))
    take_back()
    cancel()
    assert clock.alarms == 1
    assert rung.get(timeout=LIMIT_S) == "soon"
    cancel()
    assert (clock.alarms, rung.empty()) == (0, True)
