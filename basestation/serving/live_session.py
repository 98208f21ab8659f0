"""The base station's side of one live device's stream."""

import asyncio
from collections import deque
from collections.abc import Iterable

from splitwave.basestation.links.link_session import LinkSession
from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.limits import MAX_UNANSWERED_QUERIES
from splitwave.common.protocol.live_messages import ModelChunk, QueryAnswer, Reencode
from splitwave.common.protocol.messages import Downlink
from splitwave.common.protocol.symbols import LinkContract

_MAX_UNREAD = 4 * MAX_UNANSWERED_QUERIES
"""Messages that wait for a device that reads more slowly than it sends."""


class LiveSession(LinkSession):
    """One leased link of a live device.

    Attributes:
        gone: whether its stream has ended.
    """

    moves = True

    def __init__(
        self, contract: LinkContract, device_id: str, peer: str, outbox_filled: asyncio.Event | None = None
    ) -> None:
        """A session that begins; the arguments are those of `LinkSession`."""
        super().__init__(contract, device_id, peer, outbox_filled)
        self.gone = False
        self._loaded: set[int] = set()
        self._said: set[tuple[int, bool]] = set()
        self._ready_limit: asyncio.TimerHandle | None = None
        self._chunks: deque[ModelChunk] = deque()

    def end_unless_ready(self, limit: asyncio.TimerHandle) -> None:
        """Cancel the end of this session that is planned for a device which loads no model, once it has, or is gone."""
        self._ready_limit = limit

    def say(self, number: int, *, refused: bool) -> None:
        """Note that the device has said whether it can encode with a model.

        Raises:
            ProtocolError: it has said so before: each time, the station would answer, and note it in its log.
        """
        if (number, refused) in self._said:
            said = "refused" if refused else "is ready for"
            raise ProtocolError(f"link {self.link} {said} model {number}, and said so before")
        self._said.add((number, refused))

    def has_loaded(self, number: int) -> bool:
        """Whether the device has said that it can encode with this model."""
        return number in self._loaded

    def load(self, number: int) -> None:
        """Note that the device can encode with this model."""
        self._loaded.add(number)
        self.become_ready()
        self._drop_ready_limit()

    def unload(self, number: int) -> None:
        """Note that the device cannot encode with this model, whatever it said before."""
        self._loaded.discard(number)

    def keep_models(self, numbers: Iterable[int]) -> None:
        """Forget that the device could encode with any other model than these."""
        kept = set(numbers)
        self._loaded &= kept
        self._said = {(number, refused) for number, refused in self._said if number in kept}

    def close(self) -> None:
        """End the stream after what is queued, without the rest of a model."""
        self._chunks.clear()
        super().close()

    def leave(self) -> None:
        """The stream has ended."""
        self.gone = True
        self._chunks.clear()
        self._drop_ready_limit()

    def begin_query(self) -> None:
        """Count an incoming part of a query.

        Raises:
            ProtocolError: the link has as many parts without an outcome as it may, or reads no outcomes.
        """
        self.spend_credit(MAX_UNANSWERED_QUERIES)
        if len(self.outbox) > _MAX_UNREAD:
            raise ProtocolError(
                f"link {self.link} sends queries and leaves {len(self.outbox)} messages unread: at most {_MAX_UNREAD}",
                Refusal.RESOURCE_EXHAUSTED,
            )

    def send(self, body: Downlink) -> None:
        """Queue a message; the outcome of a part gives its credit back, and so does the request to encode it again."""
        if isinstance(body, QueryAnswer | Reencode):
            self.unanswered -= 1
        super().send(body)

    def send_chunks(self, chunks: Iterable[ModelChunk]) -> None:
        """Queue the pieces of a model behind all other messages, those to come included: answers do not wait."""
        self._chunks.extend(chunks)
        self._outbox_filled.set()

    def next_chunk(self) -> Downlink | None:
        """Take a piece of a model out, which is sent alone when no other message waits."""
        return self._chunks.popleft() if self._chunks else None

    def _drop_ready_limit(self) -> None:
        """A timer that is left would keep the session in memory."""
        if self._ready_limit is not None:
            self._ready_limit.cancel()
            self._ready_limit = None
