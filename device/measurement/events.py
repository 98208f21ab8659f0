"""The events in the life of a device's blocks, to which measurements subscribe."""

from typing import NamedTuple

from splitwave.common.protocol.blocks import BlockKey, SymbolBlock
from splitwave.common.protocol.messages import Gradient, Prediction
from splitwave.common.protocol.reports import UplinkCost


class EncodingTimes(NamedTuple):
    """When a block was begun, encoded and quantized; blocks that are made together have the same times."""

    started_ns: int
    encoded_ns: int
    quantized_ns: int


class BlockObserver:
    """Follows the blocks of one device; a subclass overrides the events that it wants, the others do nothing.

    The events of a block come in the order of the methods. Times are nanoseconds on the device's clock, read once for
    all observers. The device waits for its observers: they must return at once, and change none of their arguments.
    """

    def made(self, block: SymbolBlock, due_ns: int, times: EncodingTimes) -> None:
        """A block is encoded and quantized.

        Args:
            block: as it will be sent.
            due_ns: when it was due: by the schedule of an open loop, otherwise as soon as the link had credit for it.
            times: of its making.
        """

    def packed(self, key: BlockKey, cost: UplinkCost, at_ns: int) -> None:
        """A block is serialised, at this cost on the uplink, and about to be handed to the transport."""

    def dropped(self, key: BlockKey, due_ns: int) -> None:
        """A query of an open loop, due at `due_ns`, is not sent, because too many waited; it has no other event."""

    def sent(self, key: BlockKey, at_ns: int) -> None:
        """The transport takes a block, perhaps in a thread of its own while another event is observed."""

    def answered(self, answer: Gradient | Prediction, at_ns: int) -> None:
        """The answer to a block was received at `at_ns`, and was found to be in order."""
