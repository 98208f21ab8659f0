"""The base station's side of one device's stream: its lease, its credits, its reports. No transport."""

import asyncio
from collections import deque

from splitwave.common.errors import ProtocolError, Refusal
from splitwave.common.protocol.messages import Downlink, Gradient, Leaving, Prediction, Ready, SetBeta, Uplink, Welcome
from splitwave.common.protocol.symbols import LinkContract, SymbolReader


class LinkSession:
    """One leased link.

    Attributes:
        outbox: what is to be sent down; None ends the stream.
        news: set when something is put there; a stream of several devices gives them one to share.
        ready: whether the device has said Ready since its last Welcome.
        in_run: whether a run has gone under way with it.
        blocks: how many it sent.
        unanswered: how many of them wait for a gradient or a prediction.
        activity: counts all messages, both ways, but those that settle no debt.
    """

    def __init__(self, contract: LinkContract, device_id: str, peer: str) -> None:
        self.contract = contract
        self.link = contract.link
        self.device_id = device_id
        self.peer = peer
        self.reader = SymbolReader(contract)
        self.outbox: deque[Downlink | None] = deque()
        self.news = asyncio.Event()
        self.ready = False
        self.in_run = False
        self.blocks = 0
        self.unanswered = 0
        self.activity = 0
        self._starting_over = False

    def send(self, body: Downlink) -> None:
        """Queue a message; an answer gives its block's credit back."""
        if isinstance(body, Gradient | Prediction):
            self.unanswered -= 1
        if not isinstance(body, SetBeta):  # else a link would never be late while somebody turns the knob
            self.activity += 1
        self._put(body)

    def close(self) -> None:
        """End the stream after what is queued."""
        self._put(None)

    def accept(self, body: Uplink) -> bool:
        """Note a message; False if it is void, sent before the device heard that the run starts over."""
        self.activity += 1
        if isinstance(body, Ready | Leaving):
            self._starting_over = False
        return not self._starting_over

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

    def _put(self, body: Downlink | None) -> None:
        self.outbox.append(body)
        self.news.set()
