import pytest

from splitwave.channel.emulator import held_messages
from splitwave.channel.emulator.held_messages import Held, HeldMessages
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.wire.pb import uplink_pb2 as pb
from tests.unit.channel.emulator.still_clock import StillClock


class Queue:
    """A queue with a clock at 0 that the test moves."""

    def __init__(self) -> None:
        self.clock, self.woken = StillClock(0), 0
        self.held: HeldMessages[pb.UplinkMessage] = HeldMessages(self.clock, self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def ports_after(self, duration_ns: int) -> list[int]:
        """The ports of the messages that leave after some more nanoseconds."""
        self.clock.pass_ns(duration_ns)
        return [message.port for message in self.held.leaving()]


def message(number: int) -> pb.UplinkMessage:
    return pb.UplinkMessage(port=number)


def test_a_message_that_waits_for_nothing_goes_on_in_its_final_form() -> None:
    queue, finished = Queue(), []
    assert queue.held.goes_on(Held(message(0), finish=lambda: finished.append(0)))
    assert finished == [0]
    assert not queue.held


def test_messages_leave_when_their_time_has_come_and_in_order() -> None:
    queue = Queue()
    assert not any(queue.held.goes_on(Held(message(port), at)) for port, at in enumerate((10, 5, 0, 20)))
    assert queue.ports_after(9) == []
    assert queue.ports_after(1) == [0, 1, 2]
    assert queue.ports_after(10) == [3]
    assert queue.woken == 2  # for the first of three that leave together, and for the last
    assert not queue.held


def test_a_message_leaves_when_its_time_has_come_and_all_is_there() -> None:
    queue = Queue()
    there: list[bool] = []
    finished: list[int] = []
    queue.held.goes_on(Held(message(0), 10, lambda: bool(there), lambda: finished.append(0)))
    queue.held.goes_on(Held(message(1), finish=lambda: finished.append(1)))
    there.append(True)
    assert queue.ports_after(9) == []
    there.clear()
    assert queue.ports_after(1) == []
    assert finished == []
    there.append(True)
    assert queue.ports_after(0) == [0, 1]
    assert finished == [0, 1]


def test_what_can_never_be_complete_is_dropped_with_all_behind_it() -> None:
    queue = Queue()
    for number in range(4):
        queue.held.goes_on(Held(message(number), 10, lambda number=number: number != 2))  # type: ignore[misc]
    queue.held.drop_incomplete()
    assert queue.ports_after(10) == [0, 1]
    assert not queue.held


def test_a_queue_has_one_alarm_whatever_waits_in_it_and_none_once_it_is_void() -> None:
    queue = Queue()
    for number in range(5):
        queue.held.goes_on(Held(message(number), 10 * (number + 1)))
        assert queue.clock.alarms == 1
    assert queue.ports_after(10) == [0]
    assert queue.clock.alarms == 1
    assert queue.ports_after(5) == []
    assert (queue.clock.alarms, queue.woken) == (1, 1)
    queue.held.clear()
    assert queue.clock.alarms == 0
    assert not queue.held.goes_on(Held(message(5), 20))
    assert queue.ports_after(5) == [5]
    assert (queue.clock.alarms, queue.woken) == (0, 2)


def test_an_alarm_that_rang_for_a_message_that_was_not_complete_is_followed_by_that_of_the_next() -> None:
    queue = Queue()
    there: list[bool] = []
    queue.held.goes_on(Held(message(0), 10, lambda: bool(there)))
    queue.held.goes_on(Held(message(1), 30))
    assert queue.ports_after(10) == []
    there.append(True)
    assert queue.ports_after(0) == [0]
    assert queue.ports_after(20) == [1]
    assert (queue.clock.alarms, queue.woken) == (0, 2)


def test_what_was_dropped_because_it_is_incomplete_has_no_alarm() -> None:
    queue = Queue()
    queue.held.goes_on(Held(message(0), 10, lambda: False))
    queue.held.drop_incomplete()
    assert queue.clock.alarms == 0


def test_void_messages_are_dropped() -> None:
    queue = Queue()
    queue.held.goes_on(Held(message(0), 1))
    queue.held.clear()
    assert queue.ports_after(1) == []


def test_a_queue_holds_as_many_blocks_as_its_link_has_credits_and_counts_no_other_message() -> None:
    queue = Queue()
    for number in range(3):
        queue.held.goes_on(Held(message(number), number + 1, credits=3))
        queue.held.goes_on(Held(message(10)))
    with pytest.raises(ProtocolError, match="a block came without credit: 3 of its link wait in the channel") as caught:
        queue.held.goes_on(Held(message(3), 1, credits=3))
    assert caught.value.refusal is Refusal.RESOURCE_EXHAUSTED
    assert queue.ports_after(1) == [0, 10]
    queue.held.goes_on(Held(message(3), 1, credits=3))
    queue.held.clear()
    for number in range(3):
        queue.held.goes_on(Held(message(number), 1, lambda: False, credits=3))
    queue.held.drop_incomplete()
    assert not queue.held.goes_on(Held(message(4), 20, credits=1))


def test_more_other_messages_than_a_queue_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_messages, "MAX_HELD", 3)
    queue = Queue()
    for number in range(3):
        queue.held.goes_on(Held(message(number), 1))
    with pytest.raises(ProtocolError, match="3 messages of a link wait in the channel"):
        queue.held.goes_on(Held(message(3), 1))
