"""Erasures: the decoder sees zeros for the symbols of links that are down, or that drop out of a training block."""

from collections.abc import Collection, Iterable

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase
from splitwave.common.randomness import Purpose, generator


class LinkErasures:
    """The links of each block whose symbols are erased before the decoder sees them; nobody else knows them.

    In a training block each link that is not down draws u_k, uniform in [0, 1), keyed by (seed, link, step,
    micro-batch), and is erased if u_k < p. If all would be, the one with the largest u_k stays. Among n
    links, each is therefore erased with probability p − pⁿ/n, and each set of m < n − 1 with p^m (1 − p)^(n − m).
    """

    def __init__(self, links: Iterable[int] = (), down: Collection[int] = (), *, dropout: float = 0.0, seed: int = 0):
        """Set up the erasures of a run.

        Args:
            links: of the run.
            down: those that are erased in every block.
            dropout: p, the probability with which another link is erased in a training block.
            seed: the run's seed.
        """
        self._down = frozenset(down)
        self._up = [link for link in links if link not in self._down]
        self._dropout = dropout
        self._seed = seed

    @classmethod
    def of(cls, config: RunConfig) -> "LinkErasures":
        """The erasures of a run's settings."""
        dropout = config.training.link_dropout
        return cls(range(config.links), config.fusion.down, dropout=dropout, seed=config.seed)

    def of_block(self, key: BlockKey) -> frozenset[int]:
        """The links that are erased in this block."""
        if not self._dropout or key.phase is not Phase.TRAIN:
            return self._down
        draws = {link: self._draw(link, key) for link in self._up}
        stays = max(draws, key=draws.__getitem__)
        return self._down | {link for link, draw in draws.items() if draw < self._dropout and link != stays}

    def _draw(self, link: int, key: BlockKey) -> float:
        coordinates = {"phase": int(key.phase), "step": key.step, "micro_batch": key.micro_batch}
        return generator(self._seed, Purpose.LINK_DROPOUT, link=link, **coordinates).random()
