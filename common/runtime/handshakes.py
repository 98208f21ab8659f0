"""Counts the TLS handshakes of a server that brought no call: most of them were refused.

gRPC does not say which handshakes failed, except in a line of its own on standard error with the reason. It does say
that one begins, and a connection that succeeds brings a call at once. So the difference is counted.
"""

import asyncio
from collections import OrderedDict, deque

import structlog

from splitwave.common.runtime.rpc import DIAL_TIMEOUT_S

_MOST_PEERS = 4_096
_MOST_PENDING = 10_000

log = structlog.get_logger()


class Handshakes:
    """Handshakes that began, and the connections that brought a call.

    Attributes:
        without_call: how many handshakes brought no call in time.
    """

    def __init__(self, limit_s: float = DIAL_TIMEOUT_S) -> None:
        """Args: how long after the beginning of a handshake a call must come."""
        self._loop = asyncio.get_running_loop()
        self._limit_s = limit_s
        self._pending: deque[asyncio.TimerHandle] = deque()
        self._peers: OrderedDict[str, None] = OrderedDict()
        self.without_call = 0

    def begins(self) -> None:
        """Note that a handshake begins; called from gRPC's threads."""
        self._loop.call_soon_threadsafe(self._begin)

    def call_came(self, peer: str) -> None:
        """Note a call of a peer, whose address distinguishes connections."""
        if peer in self._peers:
            self._peers.move_to_end(peer)
            return
        self._peers[peer] = None
        if len(self._peers) > _MOST_PEERS:
            self._peers.popitem(last=False)
        if self._pending:
            self._pending.popleft().cancel()

    def close(self) -> None:
        """Stop counting."""
        while self._pending:
            self._pending.popleft().cancel()

    def _begin(self) -> None:
        if len(self._pending) == _MOST_PENDING:
            self._pending.popleft().cancel()
        self._pending.append(self._loop.call_later(self._limit_s, self._count))

    def _count(self) -> None:
        self._pending.popleft()
        self.without_call += 1
        if str(self.without_call).strip("0") == "1":
            log.warning(
                "a connection was refused, or brought no call: no certificate, an expired one, one of another "
                "authority, or no TLS; gRPC's line about the handshake has the reason",
                times=self.without_call,
            )
