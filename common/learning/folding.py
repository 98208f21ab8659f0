"""Networks as they are deployed: folded for the current conditions."""

from typing import Generic

import torch

from splitwave.common.learning.hyper_layers import Network, folded
from splitwave.common.protocol.arrays import Float32


class FoldedNetwork(Generic[Network]):
    """Keeps the latest folded copy of a network, because all blocks of a pass need the same one."""

    def __init__(self, network: Network) -> None:
        """Args: a network of gated layers, which may still be trained."""
        self._network = network
        self._of: tuple[int, bytes] | None = None
        self._folded: Network | None = None
        network.register_load_state_dict_post_hook(self._forget)  # type: ignore[no-untyped-call]

    def under(self, rows: Float32, version: int) -> Network:
        """The network folded at (1, C) conditions; `version` changes with its weights."""
        wanted = (version, rows.tobytes())
        if self._folded is None or self._of != wanted:
            weights = next(self._network.parameters())
            self._folded = folded(self._network, torch.from_numpy(rows[0]).to(weights.device))
            self._of = wanted
        return self._folded

    def _forget(self, *_: object) -> None:
        """Loaded weights have the version of the weights that they replace."""
        self._folded = None
