"""Puts the links' symbols of one block side by side.

Shapes: K links, L noise draws, B samples, d symbols a sample and link.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from splitwave.basestation.fusion.fusion_policy import FusionPolicy, load_fusion_policy
from splitwave.basestation.fusion.policies.all_links import AllLinks
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ProtocolError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey


@dataclass(frozen=True, slots=True)
class FusedBlock:
    """The symbols of one block, all links side by side.

    Attributes:
        symbols: (L, B, K·d) float32, link k in columns k·d … (k+1)·d; zeros for a link that is not in.
        links: those that are in, ascending.
        betas: by link the β that its part was encoded under, the setting's for a link that is not in; empty where
            blocks carry no β.
    """

    key: BlockKey
    symbols: Tensor
    links: tuple[int, ...]
    betas: tuple[float, ...] = ()


class _Parts:
    """The parts of one block that have arrived."""

    def __init__(self, symbols: Tensor, present: Iterable[int] = ()) -> None:
        self.symbols = symbols
        self.present = set(present)
        self.betas: dict[int, float] = {}


class FusionBuffer:
    """Collects the links' parts of each block until the fusion policy lets it go."""

    def __init__(
        self,
        links: int,
        dimension: int,
        capacity: int,
        policy: FusionPolicy | None = None,
        betas: Sequence[float] = (),
        *,
        links_down: Iterable[int] = (),
    ) -> None:
        """An empty buffer.

        Args:
            links: K.
            dimension: d.
            capacity: how many blocks may wait for links at a time.
            policy: decides when a block is complete; by default it waits for all links.
            betas: by link, the β of a part that is missing from a block whose other parts carry one.
            links_down: links whose symbols are replaced by zeros.
        """
        self._dimension = dimension
        self._capacity = capacity
        self._policy = policy or AllLinks()
        self._betas = betas
        self._down = frozenset(links_down)
        self._all = tuple(range(links))
        self._expected = frozenset(self._all)
        self._waiting: dict[BlockKey, _Parts] = {}
        self._incomplete: dict[BlockKey, _Parts] = {}

    @classmethod
    def of(cls, config: RunConfig, capacity: int) -> "FusionBuffer":
        """The buffer of a run's settings.

        Raises:
            ConfigError: the fusion policy cannot be loaded.
        """
        betas = [config.beta(link) for link in range(config.links)]
        policy, down = load_fusion_policy(config), config.fusion.down
        return cls(config.links, config.encoder.dimension, capacity, policy, betas, links_down=down)

    def resize(self, capacity: int) -> None:
        """Change how many blocks may wait for links at a time."""
        self._capacity = capacity

    def awaits_late_parts(self, key: BlockKey) -> bool:
        """Whether a block was handed out without some links, not all of which have sent their part since."""
        return bool(self._incomplete) and key in self._incomplete

    def add(self, key: BlockKey, link: int, symbols: Float32, beta: float | None = None) -> FusedBlock | None:
        """Take a link's (L, B, d) symbols, which it sends once.

        Either all links' parts come with the β that they were encoded under, or none does.

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
            if len(late.present) == len(self._all):
                del self._incomplete[key]
            return None
        start = link * self._dimension
        parts.symbols.numpy()[..., start : start + self._dimension] = 0.0 if link in self._down else symbols
        if beta is not None:
            parts.betas[link] = beta
        return self._hand_out(key, parts) if self._policy.is_complete(parts.present, self._expected) else None

    def _begin(self, key: BlockKey, symbols: Float32) -> _Parts:
        if len(self._waiting) >= self._capacity:
            raise ProtocolError(f"{key}: more than {self._capacity} blocks wait for other links")
        draws, samples, _ = symbols.shape
        # torch's own allocation is 64-byte aligned: the decoder sees the same alignment in every engine.
        parts = _Parts(torch.empty(draws, samples, len(self._all) * self._dimension))
        self._waiting[key] = parts
        return parts

    def _hand_out(self, key: BlockKey, parts: _Parts) -> FusedBlock:
        del self._waiting[key]
        complete = len(parts.present) == len(self._all)
        if not complete:
            self._fill_in(key, parts)
        betas = tuple(parts.betas[link] for link in self._all) if parts.betas else ()
        return FusedBlock(key, parts.symbols, self._all if complete else tuple(sorted(parts.present)), betas)

    def _fill_in(self, key: BlockKey, parts: _Parts) -> None:
        """Give the links that are missing symbols and β, and remember that their parts are still to come."""
        for link in self._expected - parts.present:
            parts.symbols[..., link * self._dimension : (link + 1) * self._dimension] = 0.0
            if parts.betas:
                parts.betas[link] = self._betas[link]
        shape_alone = torch.empty(*parts.symbols.shape[:2], 0)
        self._incomplete[key] = _Parts(shape_alone, parts.present)


def _other_shape(key: BlockKey, link: int, symbols: Float32, parts: _Parts) -> ProtocolError:
    return ProtocolError(
        f"{key}: link {link} sent (L, B) = {symbols.shape[:2]}, another link {tuple(parts.symbols.shape[:2])}; "
        "with L > 1 every link needs a channel emulator, or none has one"
    )
