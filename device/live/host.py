"""A live device as the client of the uplink sees it: one session, which sends by itself."""

from collections.abc import Callable, Iterable, Iterator

from splitwave.common.protocol.messages import Downlink
from splitwave.device.live.session import LiveSession
from splitwave.device.uplink.host import Addressed


class LiveHost:
    """The host of one live device.

    Attributes:
        sessions: that of the device, alone.
        clock: nanoseconds, monotonic.
    """

    def __init__(self, session: LiveSession, clock: Callable[[], int]) -> None:
        """Args: the session of the next connection, and its clock."""
        self.sessions = (session,)
        self.clock = clock
        self._session = session

    def answer_later_with(self, send: Callable[[Addressed], None], give_up: Callable[[int, Exception], None]) -> None:  # noqa: ARG002
        """Set how messages leave; the session gives up in no other thread than the hearing one."""
        self._session.send_with(lambda body: send([(0, body)]))

    def react(self, messages: Iterable[tuple[int, Downlink]], heard_ns: int | None = None) -> Iterator[Addressed]:
        """React to messages; what the session has to say has left when this ends.

        Raises:
            SplitwaveError: as `LiveSession.handle`.
        """
        for _, body in messages:
            self._session.handle(body, self.clock() if heard_ns is None else heard_ns)
        return iter(())

    def next_due_ns(self) -> int | None:
        """Nothing is planned."""
        return None

    def due_blocks(self) -> Iterator[Addressed]:
        """Nothing is due."""
        return iter(())

    def close(self) -> None:
        """Release the session's files."""
        self._session.close()
