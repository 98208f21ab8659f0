"""Puts the links' symbols of one block side by side.

Shapes: K links, L noise draws, B samples, d values a sample and link: its symbols, and the state of its channel where
that is an input.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from splitwave.basestation.fusion.block_parts import BlockParts
from splitwave.basestation.fusion.fusion_policy import FusionPolicies, load_fusion_policy
from splitwave.basestation.fusion.link_erasures import LinkErasures
from splitwave.basestation.fusion.policies.all_links import AllLinks
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.link_contract import received_dimension
from splitwave.common.protocol.live_channel import UNCHANGED, LiveChannel
from splitwave.common.protocol.phases import Phase
from splitwave.common.protocol.sent_part import SentPart


@dataclass(frozen=True, slots=True)
class FusedBlock:
    """The symbols of one block, all links side by side.

    Attributes:
        symbols: (L, B, K·d) float32, link k in columns k·d … (k+1)·d; zeros for a link that is not in, or erased.
        links: those that are in, ascending.
        betas: by link the β that its part was encoded under, the setting's for a link that is not in; empty where
            blocks carry no β.
        erased: links whose symbols are zeros whether they are in or not; see `LinkErasures`.
        dropped: links that are not in and will send no part.
        channels: by link the live state that its part met, version 0 for a link that is not in; empty where no part
            says one.
        sent: by link that is in, of a query of a run that adapts its links, what it sent; else empty.
    """

    key: BlockKey
    symbols: Tensor
    links: tuple[int, ...]
    betas: tuple[float, ...] = ()
    erased: frozenset[int] = frozenset()
    dropped: frozenset[int] = frozenset()
    channels: tuple[LiveChannel, ...] = ()
    sent: Mapping[int, SentPart] = field(default_factory=dict)

    @property
    def used(self) -> tuple[int, ...]:
        """The links whose symbols reach the decoder, ascending."""
        return tuple(link for link in self.links if link not in self.erased) if self.erased else self.links


class FusionBuffer:
    """Collects the links' parts of each block until the fusion policy lets it go."""

    def __init__(
        self,
        links: int,
        dimension: int,
        capacity: int,
        policies: FusionPolicies | None = None,
        betas: Sequence[float] = (),
        *,
        erasures: LinkErasures | None = None,
    ) -> None:
        """An empty buffer.

        Args:
            links: K.
            dimension: d.
            capacity: how many blocks may wait for links at a time.
            policies: decide when a block is complete; by default it waits for all links.
            betas: by link, the β of a part that is missing from a block whose other parts carry one.
            erasures: which links' symbols are replaced by zeros; by default none are.
        """
        self._dimension = dimension
        self._capacity = capacity
        self._policies = policies or FusionPolicies.of(AllLinks())
        self._betas = betas
        self._erasures = erasures or LinkErasures()
        self._all = tuple(range(links))
        self._expected = frozenset(self._all)
        self._waiting: dict[BlockKey, BlockParts] = {}
        self._incomplete: dict[BlockKey, BlockParts] = {}
        self._dropped: dict[BlockKey, set[int]] = {}

    @classmethod
    def of(cls, config: RunConfig, capacity: int, *, one_process: bool = False) -> "FusionBuffer":
        """The buffer of a run's settings; in one process no link is late.

        Raises:
            ConfigError: the fusion policy cannot be loaded.
        """
        betas = [config.beta(link) for link in range(config.links)]
        policies = FusionPolicies.of(load_fusion_policy(config))
        if one_process:
            policies = policies.in_one_process()
        return cls(
            config.links, received_dimension(config), capacity, policies, betas, erasures=LinkErasures.of(config)
        )

    @property
    def policies(self) -> FusionPolicies:
        """The policies that decide when a block is complete."""
        return self._policies

    def expect(self, capacity: int, links: Iterable[int] | None = None) -> None:
        """Set how many blocks may wait at a time, and the links that send them; all links by default."""
        self._capacity = capacity
        self._expected = frozenset(self._all if links is None else links)
        self._dropped.clear()

    def lose(self, link: int) -> list[FusedBlock]:
        """Expect no more parts of a link; the blocks that are complete without it, in their order."""
        self._expected -= {link}
        self._incomplete = {key: each for key, each in self._incomplete.items() if not each.has_all_of(self._expected)}
        complete = [key for key, parts in self._waiting.items() if self._is_complete(key, parts)]
        return self._hand_out_in_order(complete)

    def drop(self, key: BlockKey, link: int) -> list[FusedBlock]:
        """Expect no part of a block from a link; the block, if it is complete without it."""
        parts = self._incomplete.get(key) or self._waiting.get(key)
        if parts is None:
            dropped = self._dropped.setdefault(key, set())
            dropped.add(link)
            if self._expected <= dropped:
                del self._dropped[key]  # nobody sends this block
            return []
        parts.dropped.add(link)
        if key in self._waiting:
            return [self._hand_out(key, parts)] if self._is_complete(key, parts) else []
        if parts.has_all_of(self._expected):
            del self._incomplete[key]
        return []

    def release(self, key: BlockKey) -> list[FusedBlock]:
        """A block that still waits, with the links that are in, after those that its links send before it."""
        if key not in self._waiting:
            return []
        return self._hand_out_in_order(each for each in self._waiting if each.micro_batch <= key.micro_batch)

    def awaits_late_parts(self, key: BlockKey) -> bool:
        """Whether a block was handed out without some links, not all of which have sent their part since."""
        return bool(self._incomplete) and key in self._incomplete

    def add(
        self,
        key: BlockKey,
        link: int,
        symbols: Float32,
        beta: float | None = None,
        channel: LiveChannel | None = None,
        *,
        sent: SentPart | None = None,
    ) -> FusedBlock | None:
        """Take a link's (L, B, d) symbols, which it sends once.

        Either all links' parts come with the β that they were encoded under, or none does; likewise with what was sent.
        The symbols of a link that was silent are zeros.

        Returns:
            The fused block if this part completes it; else None, also if the block was handed out without this part.

        Raises:
            ProtocolError: the shape differs from the other links', or too many blocks wait.
        """
        late = self._incomplete.get(key) if self._incomplete else None
        parts = late or self._waiting.get(key) or self._begin(key, symbols)
        if parts.symbols.shape[:2] != symbols.shape[:2]:
            raise _other_shape(key, link, symbols, parts)
        parts.present.add(link)
        if late:
            if late.has_all_of(self._expected):
                del self._incomplete[key]
            return None
        if sent is not None:
            parts.sent[link] = sent
            parts.erased |= frozenset(() if sent.sends else (link,))
        start = link * self._dimension
        parts.symbols.numpy()[..., start : start + self._dimension] = 0.0 if link in parts.erased else symbols
        if beta is not None:
            parts.betas[link] = beta
        if channel is not None:
            parts.channels[link] = channel
        return self._hand_out(key, parts) if self._is_complete(key, parts) else None

    def _is_complete(self, key: BlockKey, parts: BlockParts) -> bool:
        policy = self._policies.training if key.phase is Phase.TRAIN else self._policies.passes
        return policy.is_complete(parts.present, self._expected) or parts.has_all_of(self._expected)

    def _begin(self, key: BlockKey, symbols: Float32) -> BlockParts:
        if len(self._waiting) >= self._capacity:
            raise ProtocolError(f"{key}: more than {self._capacity} blocks wait for other links")
        draws, samples, _ = symbols.shape
        # torch's own allocation is 64-byte aligned: the decoder sees the same alignment in every engine.
        memory = torch.empty(draws, samples, len(self._all) * self._dimension)
        dropped = self._dropped.pop(key, ()) if self._dropped else ()
        parts = BlockParts(memory, erased=self._erasures.of_block(key), dropped=dropped)
        self._waiting[key] = parts
        return parts

    def _hand_out_in_order(self, keys: Iterable[BlockKey]) -> list[FusedBlock]:
        """Hand blocks out in the order in which each link sends them, which is not that of their first parts."""
        in_order = sorted(keys, key=lambda key: key.micro_batch)
        return [self._hand_out(key, self._waiting[key]) for key in in_order]

    def _hand_out(self, key: BlockKey, parts: BlockParts) -> FusedBlock:
        del self._waiting[key]
        complete = len(parts.present) == len(self._all)
        if not complete:
            self._fill_in(key, parts)
        betas = tuple(parts.betas[link] for link in self._all) if parts.betas else ()
        links = self._all if complete else tuple(sorted(parts.present))
        channels = tuple(parts.channels.get(link, UNCHANGED) for link in self._all) if parts.channels else ()
        dropped, sent = frozenset(parts.dropped), dict(sorted(parts.sent.items()))
        return FusedBlock(key, parts.symbols, links, betas, parts.erased, dropped, channels, sent)

    def _fill_in(self, key: BlockKey, parts: BlockParts) -> None:
        """Give the links that are missing symbols and β, and remember the parts that are still to come."""
        for link in set(self._all) - parts.present:
            parts.symbols[..., link * self._dimension : (link + 1) * self._dimension] = 0.0
            if parts.betas:
                parts.betas[link] = self._betas[link]
        if not parts.has_all_of(self._expected):
            shape_alone = torch.empty(*parts.symbols.shape[:2], 0)
            self._incomplete[key] = BlockParts(shape_alone, parts.present, dropped=parts.dropped)


def _other_shape(key: BlockKey, link: int, symbols: Float32, parts: BlockParts) -> ProtocolError:
    return ProtocolError(
        f"{key}: link {link} sent (L, B) = {symbols.shape[:2]}, another link {tuple(parts.symbols.shape[:2])}; "
        "with L > 1 every link needs a channel emulator, or none has one"
    )
