"""The base station's side of one device's stream: its lease, its credits, its reports. No transport."""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.messages import Downlink, Gradient, Leaving, Prediction, Ready, SetLink, Uplink, Welcome
from splitwave.common.protocol.symbols import LinkContract, SymbolReader


class LinkSession:
    """One leased link.

    Attributes:
        contract: what the link may carry.
        reader: turns its blocks into symbols.
        outbox: messages to be sent down; None ends the stream, an error ends it at once, with its reason.
        ready: whether the device has said Ready since its last Welcome.
        in_run: whether a run has begun with this device.
        blocks: how many blocks the device sent.
        unanswered: how many of them wait for a gradient or a prediction.
        activity: counts the messages of both directions, without those that leave the link's debts as they are.
        moves: whether the device goes on at another base station when this one closes the session.
    """

    moves = False

    def __init__(
        self, contract: LinkContract, device_id: str, peer: str, outbox_filled: asyncio.Event | None = None
    ) -> None:
        """A session that begins.

        Args:
            contract: what the link may carry.
            device_id: unique to the device.
            peer: where it connects from.
            outbox_filled: is set when a message enters the outbox; devices that share a stream share it.
        """
        self.contract = contract
        self.device_id = device_id
        self.peer = peer
        self.reader = SymbolReader(contract)
        self.outbox: deque[Downlink | ProtocolError | None] = deque()
        self.ready = False
        self.in_run = False
        self.blocks = 0
        self.unanswered = 0
        self.activity = 0
        self._outbox_filled = outbox_filled or asyncio.Event()
        self._starting_over = False

    @property
    def link(self) -> int:
        """The number of the link."""
        return self.contract.link

    def send(self, body: Downlink) -> None:
        """Queue a message; an answer gives its block's credit back."""
        if isinstance(body, Gradient | Prediction):
            self.unanswered -= 1
        if isinstance(body, SetLink):
            self._drop_earlier_setting()
        else:  # a link would never be late while an operator keeps changing its setting
            self.activity += 1
        self._put(body)

    def close(self) -> None:
        """End the stream after what is queued."""
        self._put(None)

    def end(self, error: ProtocolError) -> None:
        """Refuse the device from now on: its stream ends before anything else is sent."""
        self.outbox.appendleft(error)
        self._outbox_filled.set()

    def outgoing(self) -> Iterator[Downlink | None]:
        """Take all messages out that are queued now; None ends the stream.

        Raises:
            ProtocolError: what the device was refused with.
        """
        while self.outbox:
            body = self.outbox.popleft()
            if isinstance(body, ProtocolError):
                raise body
            yield body

    def next_chunk(self) -> Downlink | None:
        """Take a message out that waits for all others, those of other devices of the stream, too; None for none."""
        return None

    def accept(self, body: Uplink) -> bool:
        """Note a message; False if it is void, sent before the device heard that the run starts over."""
        self.activity += 1
        if isinstance(body, Ready | Leaving):
            self._starting_over = False
        return not self._starting_over

    def become_ready(self) -> None:
        """The device has its data and its encoder."""
        self.ready = True

    def join_run(self) -> None:
        """A run begins with this device."""
        self.in_run = True

    def start_over(self, welcome: Welcome) -> None:
        """Welcome the device again: until its next Ready nothing that it sends counts."""
        self.reader = SymbolReader(self.contract)
        self.ready = False
        self.unanswered = 0
        self._starting_over = True
        self.send(welcome)

    def spend_credit(self, window: int) -> None:
        """Count an incoming block of a link that may have so many unanswered.

        Raises:
            ProtocolError: the link has as many unanswered blocks as it may.
        """
        if self.unanswered >= window:
            raise ProtocolError(
                f"link {self.link} sent a block without credit: {window} are unanswered",
                Refusal.RESOURCE_EXHAUSTED,
            )
        self.unanswered += 1
        self.blocks += 1

    def _drop_earlier_setting(self) -> None:
        """Only the last setting counts, so that a device that does not read makes no queue of them."""
        for queued in [body for body in self.outbox if isinstance(body, SetLink)]:
            self.outbox.remove(queued)

    def _put(self, body: Downlink | None) -> None:
        self.outbox.append(body)
        self._outbox_filled.set()


def broadcast(sessions: Mapping[int, LinkSession], body: Downlink) -> None:
    """Queue a message for every link, in ascending order."""
    for link in sorted(sessions):
        sessions[link].send(body)
