"""Sends an open loop's queries when they are due, independently of the messages that arrive meanwhile."""

import threading
from collections.abc import Callable

from splitwave.device.uplink.host import Addressed, Host

Send = Callable[[Addressed], None]
GiveUp = Callable[[Exception], None]

_NS = 1e-9


class Pacer:
    """Runs a thread beside the hearing thread; only one of them uses the host at a time.

    As a context, it is the turn of the hearing thread, which goes first: the messages that it reacts to give credit
    back, and take little time.
    """

    def __init__(self, host: Host, send: Send, give_up: GiveUp) -> None:
        """Set up a pacer; its thread starts with the first open loop.

        Args:
            host: of the devices on one stream.
            send: called within a turn with messages that leave together, each with its port.
            give_up: called within a turn with the error that ended the thread.
        """
        self._host = host
        self._send = send
        self._give_up = give_up
        self._turn = threading.Condition()
        self._hearing = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> None:
        """Wait for the turn of the hearing thread."""
        self._hearing += 1
        self._turn.acquire()
        self._hearing -= 1

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Let the thread have its turn; it need not wake if nothing is planned."""
        try:
            if error is None and self._host.next_due_ns() is not None:
                self._wake()
        finally:
            self._turn.release()

    def close(self) -> None:
        """End the thread after the blocks that it may be making."""
        with self._turn:
            self._closed = True
            self._turn.notify()
        if self._thread is not None:
            self._thread.join()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pacer")
            self._thread.start()
        else:
            self._turn.notify()

    def _run(self) -> None:
        with self._turn:
            try:
                while not self._closed:
                    self._wait_or_send()
            except Exception as error:
                self._give_up(error)

    def _wait_or_send(self) -> None:
        at_ns = self._host.next_due_ns()
        if self._hearing or at_ns is None:
            self._turn.wait()
        elif (left_ns := at_ns - self._host.clock()) > 0:
            self._turn.wait(left_ns * _NS)
        else:
            for blocks in self._host.due_blocks():
                self._send(blocks)
