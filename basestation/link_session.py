"""The base station's side of one device's stream: its lease, its credits, its reports. No transport."""

import asyncio

from common.errors import ProtocolError, Refusal
from common.messages import Downlink, Gradient, Prediction
from common.symbols import LinkContract, SymbolReader


class LinkSession:
    """One leased link. `outbox` holds what is to be sent down; None ends the stream."""

    def __init__(self, contract: LinkContract, device_id: str, peer: str, window: int) -> None:
        self.contract = contract
        self.link = contract.link
        self.device_id = device_id
        self.peer = peer
        self.reader = SymbolReader(contract)
        self.outbox: asyncio.Queue[Downlink | None] = asyncio.Queue()
        self.ready = False
        self.blocks = 0
        self._window = window
        self._unanswered = 0

    def send(self, body: Downlink) -> None:
        """Queue a message; an answer gives its block's credit back."""
        if isinstance(body, Gradient | Prediction):
            self._unanswered -= 1
        self.outbox.put_nowait(body)

    def close(self) -> None:
        """End the stream after what is queued."""
        self.outbox.put_nowait(None)

    def spend_credit(self) -> None:
        """Count an incoming block.

        Raises:
            ProtocolError: the link has as many unanswered blocks as it may.
        """
        if self._unanswered >= self._window:
            raise ProtocolError(
                f"link {self.link} sent a block without credit: {self._window} are unanswered",
                Refusal.RESOURCE_EXHAUSTED,
            )
        self._unanswered += 1
        self.blocks += 1
