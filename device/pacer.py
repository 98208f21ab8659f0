"""Sends an open loop's queries when they are due, whatever comes down meanwhile."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from common.messages import Uplink
from device.session import DeviceSession

Send = Callable[[int, Uplink], None]
GiveUp = Callable[[Exception], None]

_NS = 1e-9


class Pacer:
    """A thread beside the one that hears; whoever of the two uses the sessions does so within `turn`.

    The hearing thread goes first: what it hears gives credit back, and takes little time.
    """

    def __init__(self, sessions: Sequence[DeviceSession], send: Send, give_up: GiveUp) -> None:
        """Set up a pacer; its thread starts with the first open loop.

        Args:
            sessions: of the devices on one stream, by port; all with one clock.
            send: what a device says, with its port; called within a turn.
            give_up: told what went wrong in the thread, which then ends; called within a turn.
        """
        self._sessions = sessions
        self._send = send
        self._give_up = give_up
        self._turn = threading.Condition()
        self._hearing = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The hearing thread has something for a session."""
        self._hearing += 1
        with self._turn:
            self._hearing -= 1
            yield
            if self._next() is None:
                return  # the thread, if there is one, need not wake for this
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pacer")
                self._thread.start()
            else:
                self._turn.notify()

    def close(self) -> None:
        """End the thread after the block that it may be at."""
        with self._turn:
            self._closed = True
            self._turn.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with self._turn:
            try:
                while not self._closed:
                    self._wait_or_send()
            except Exception as error:
                self._give_up(error)

    def _wait_or_send(self) -> None:
        due = self._next()
        if self._hearing or due is None:
            self._turn.wait()
            return
        at_ns, port = due
        if (left_ns := at_ns - self._sessions[port].clock()) > 0:
            self._turn.wait(left_ns * _NS)
        else:
            self._send(port, self._sessions[port].due_block())

    def _next(self) -> tuple[int, int] | None:
        """When the next block is due, and of which port."""
        due = [(at_ns, port) for port, each in enumerate(self._sessions) if (at_ns := each.next_due_ns()) is not None]
        return min(due, default=None)
