"""Collects what all links have of a block, where it takes all of them to go on. No transport and no clock."""

from collections.abc import Callable
from dataclasses import dataclass, field

from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey


@dataclass(slots=True)
class Parts:
    """The parts of one block that are there so far.

    Attributes:
        missing: how many links have not added theirs.
        of_link: by link, (1 or L, B, d) float32.
        waiting: called when none is missing.
    """

    missing: int
    of_link: dict[int, Float32] = field(default_factory=dict)
    waiting: list[Callable[[], None]] = field(default_factory=list)

    def is_complete(self) -> bool:
        """Whether all links have added theirs."""
        return not self.missing

    @property
    def in_order(self) -> list[Float32]:
        """All parts, by link."""
        return [self.of_link[link] for link in sorted(self.of_link)]


class PartsOfLinks:
    """The blocks of one run and direction that wait for some of its links."""

    def __init__(self, links: int) -> None:
        """Args: K."""
        self._links = links
        self._blocks: dict[BlockKey, Parts] = {}

    def add(self, key: BlockKey, link: int, values: Float32, notify: Callable[[], None]) -> Parts:
        """Add what one link has of a block.

        Args:
            key: of the block.
            link: whose part it is.
            values: (1 or L, B, d) float32.
            notify: is called when the last link has added its part, which may be at once.

        Raises:
            ProtocolError: the link has added a part of it, or others have parts of another size.
        """
        parts = self._blocks.setdefault(key, Parts(self._links))
        if link in parts.of_link:
            raise ProtocolError(f"{key} came a second time over link {link}, before it came over all links")
        for other, part in parts.of_link.items():
            if part.shape[1:] != values.shape[1:]:
                raise ProtocolError(
                    f"{key} has {values.shape[1]} × {values.shape[2]} symbols on link {link}, and {part.shape[1]} × "
                    f"{part.shape[2]} on link {other}, which it meets in the channel"
                )
        parts.of_link[link] = values
        parts.waiting.append(notify)
        parts.missing = self._links - len(parts.of_link)
        if not parts.missing:
            del self._blocks[key]
            for each in parts.waiting:
                each()
        return parts

    def forget(self, link: int) -> None:
        """Drop the parts of a link whose run starts over."""
        for key, parts in list(self._blocks.items()):
            parts.of_link.pop(link, None)
            parts.missing = self._links - len(parts.of_link)
            if not parts.of_link:
                del self._blocks[key]
