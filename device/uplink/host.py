"""The protocols of the devices that a client of the uplink runs; the client imports none of their implementations."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.messages import Downlink, Hello, Uplink
from splitwave.common.protocol.reports import UplinkCost
from splitwave.common.protocol.symbols import LinkContract

Addressed = Sequence[tuple[int, Uplink]]
"""Messages up that are ready at the same time, each with its port."""


class HostedSession(Protocol):
    """One device's part of a stream."""

    @property
    def contract(self) -> LinkContract | None:
        """The limits of what the leased link may carry; None before the handshake."""

    @property
    def finished(self) -> bool:
        """Whether this device's part is over, so that the base station may end the stream."""
        ...

    def hello(self) -> Hello:
        """The first message up."""
        ...

    def block_packed(self, key: BlockKey, cost: UplinkCost) -> None:
        """A block is serialised, and about to be handed to the transport."""

    def block_sent(self, key: BlockKey) -> None:
        """The transport takes a block; this may be called at any time, from any thread."""


class Host(Protocol):
    """The devices of one process on one stream; a device's place in `sessions` is its port.

    `react` and `due_blocks` are never called at the same time.
    """

    @property
    def sessions(self) -> Sequence[HostedSession]:
        """The sessions of the devices, in the order of their ports."""
        ...

    @property
    def clock(self) -> Callable[[], int]:
        """Nanoseconds, monotonic; one for all sessions."""
        ...

    def answer_later_with(self, send: Callable[[Addressed], None], give_up: Callable[[int, Exception], None]) -> None:
        """Set how messages leave that answer none, or are not ready at once; both may be called from other threads.

        Args:
            send: takes messages, each with its port.
            give_up: takes a port and an error, after which its device gives up.
        """

    def react(self, messages: Iterable[tuple[int, Downlink]], heard_ns: int | None = None) -> Iterator[Addressed]:
        """React to messages, each with its port, that were received together, now or at `heard_ns`.

        Raises:
            SplitwaveError: a device cannot go on.
        """
        ...

    def next_due_ns(self) -> int | None:
        """When `due_blocks` should be called next; None if nothing is planned."""

    def due_blocks(self) -> Iterator[Addressed]:
        """All blocks that are due at `next_due_ns`."""
        ...

    def close(self) -> None:
        """Wait until no session uses its files any more: the next stream's sessions use the same ones."""
