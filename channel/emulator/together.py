"""Blocks of all links through their channels at once, where all links are in one process."""

from collections.abc import Iterator, Sequence

from splitwave.channel.emulator.link import ChannelLink
from splitwave.channel.emulator.parts_of_links import PartsOfLinks
from splitwave.common.protocol.blocks import SymbolBlock
from splitwave.common.protocol.messages import Gradient


def transmit_together(links: Sequence[ChannelLink], blocks: Sequence[SymbolBlock]) -> Iterator[SymbolBlock]:
    """Each link's part of a block as the base station receives it, in order; errors as for `ChannelLink.transmit`.

    Args:
        links: of the run.
        blocks: by link, its part.
    """
    if not links[0].meets_others:
        yield from (link.transmit(block) for link, block in zip(links, blocks, strict=True))
        return
    medium = PartsOfLinks(len(links))
    for link, block in zip(links, blocks, strict=True):
        parts = medium.add(block.key, block.link, link.send(block), _no_one)
    yield from (link.receive(block, parts.in_order) for link, block in zip(links, blocks, strict=True))


def return_together(links: Sequence[ChannelLink], gradients: Sequence[Gradient]) -> Iterator[Gradient]:
    """A block's gradients as each link's device receives them, in order.

    Args:
        links: of the run.
        gradients: by link, from the base station.
    """
    if not links[0].meets_others:
        yield from (link.return_gradient(gradient) for link, gradient in zip(links, gradients, strict=True))
        return
    medium = PartsOfLinks(len(links))
    for link, gradient in zip(links, gradients, strict=True):
        parts = medium.add(gradient.key, link.contract.link, link.gather(gradient), _no_one)
    yield from (link.spread(gradient.key, parts.in_order) for link, gradient in zip(links, gradients, strict=True))


def _no_one() -> None:
    """Nobody waits in one process."""
