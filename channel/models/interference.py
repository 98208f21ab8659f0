"""Interference between links: each receives a share of all others' symbols, ẑ_k = z̃_k + s·Σ_{j≠k} z̃_j."""

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances


class InterferenceChannel:
    """M = I + s·(1 − I): links send at the same time, and a share s of each one's amplitude reaches the others.

    The interference of K − 1 links adds s²·(K − 1) times the power of one to what a link receives. The rate of a device
    does not count it as noise: the base station receives all links, and can take it out.
    """

    is_additive = False
    is_shared = True

    def __init__(self, config: RunConfig, link: int, *, share: float = 0.1) -> None:  # noqa: ARG002 — every model's
        """Args: the run's settings; the link's index; s, an amplitude in [0, 1].

        Raises:
            ValueError: the share is out of range.
        """
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"share = {share}: expected 0 to 1")
        self._links = config.links
        self._share = share

    def mixing(self) -> Float32:
        """(K, K) float32."""
        matrix = np.full((self._links, self._links), self._share, dtype=np.float32)
        np.fill_diagonal(matrix, 1.0)
        return matrix

    def draw(self, key: BlockKey, shape: BlockShape) -> BlockShape:  # noqa: ARG002 — nothing is random
        """The shape: the model is the same for every block."""
        return shape

    def apply(self, symbols: Float32, realisation: BlockShape) -> Float32:
        """The own symbols, which a link receives whole."""
        return np.broadcast_to(symbols, realisation)

    def adjoint(self, gradient: Float32, realisation: BlockShape) -> Float32:  # noqa: ARG002 — the own gain is 1
        """The gradient itself."""
        return gradient

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:  # noqa: ARG002 — no noise
        """`behind`."""
        return behind
