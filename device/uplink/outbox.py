"""The queue of messages up, from which gRPC sends."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue

from splitwave.common.wire.bundling import gather
from splitwave.common.wire.pb import uplink_pb2 as pb


class Outbox:
    """Passes messages on to gRPC's sending thread, which takes them out bundle by bundle."""

    def __init__(self, taken: Callable[[pb.UplinkMessage], None]) -> None:
        """Args: a function that is called in gRPC's thread with each message that it takes out."""
        self._taken = taken
        self._queue: SimpleQueue[Sequence[pb.UplinkMessage] | None] = SimpleQueue()
        self._ready: deque[pb.UplinkMessage] = deque()
        self._ended = False

    def put(self, messages: Sequence[pb.UplinkMessage]) -> None:
        """Add messages, which leave in one bundle if they fit."""
        self._queue.put(messages)

    def end(self) -> None:
        """End the stream upwards after the messages that were put before."""
        self._queue.put(None)

    def bundles(self) -> Iterator[pb.UplinkBundle]:
        """Bundles of the messages that are there, until the end; waits for messages."""
        while not self._ended:
            self._take(self._queue.get())
            first = self._more()
            while first is not None:
                messages, first = gather(first, self._more)
                for message in messages:
                    self._taken(message)
                yield pb.UplinkBundle(messages=messages)

    def _more(self) -> pb.UplinkMessage | None:
        while not (self._ready or self._ended or self._queue.empty()):  # nobody else takes out
            self._take(self._queue.get())
        return self._ready.popleft() if self._ready else None

    def _take(self, messages: Sequence[pb.UplinkMessage] | None) -> None:
        self._ended = messages is None
        self._ready.extend(messages or ())
