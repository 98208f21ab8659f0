"""The parts of one block while it waits in the fusion buffer."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from torch import Tensor

from splitwave.common.protocol.live_channel import LiveChannel
from splitwave.common.protocol.sent_part import SentPart


class BlockParts:
    """The parts of one block that have arrived, and the links that will send none."""

    def __init__(
        self,
        symbols: Tensor,
        present: Iterable[int] = (),
        erased: frozenset[int] = frozenset(),
        dropped: Iterable[int] = (),
    ) -> None:
        """Args: (L, B, K·d) symbols, the links that are in, those that are erased, those that dropped their part."""
        self.symbols = symbols
        self.present = set(present)
        self.erased = erased
        self.dropped = set(dropped)
        self.betas: dict[int, float] = {}
        self.channels: dict[int, LiveChannel] = {}
        self.sent: dict[int, SentPart] = {}

    def has_all_of(self, links: AbstractSet[int]) -> bool:
        """Whether none of these links is still to send its part."""
        return links <= self.present or (bool(self.dropped) and links <= self.present | self.dropped)
