"""Over-the-air fusion: all links send at once on one band, and their symbols add up, ẑ_0 = Σ_j z̃_j."""

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances


class OverTheAirChannel:
    """A multiple-access channel: link 0 receives the sum of all links, and the others receive nothing.

    M has ones in row 0 and zeros elsewhere. Noise of models behind it is that of the one receiver, link 0.
    """

    is_additive = False
    is_shared = True

    def __init__(self, config: RunConfig, link: int) -> None:
        """Args: the run's settings, and the link's index.

        Raises:
            ValueError: links have noise of their own, whereas there is one receiver.
        """
        channel = config.channel
        if isinstance(channel.psnr_db, list) and len(set(channel.psnr_db)) > 1:
            raise ValueError(f"channel.psnr_db = {channel.psnr_db}: expected one value, as there is one receiver")
        if channel.training_psnr_db is not None and not channel.training_psnr_shared:
            raise ValueError("channel.training_psnr_shared = false: expected true, as there is one receiver")
        self._links = config.links
        self._gain = np.float32(link == 0)

    def mixing(self) -> Float32:
        """(K, K) float32."""
        matrix = np.zeros((self._links, self._links), dtype=np.float32)
        matrix[0] = 1.0
        return matrix

    def draw(self, key: BlockKey, shape: BlockShape) -> BlockShape:  # noqa: ARG002 — nothing is random
        """The shape: the model is the same for every block."""
        return shape

    def apply(self, symbols: Float32, realisation: BlockShape) -> Float32:
        """The own symbols, all or nothing."""
        return np.broadcast_to(self._gain * symbols, realisation)

    def adjoint(self, gradient: Float32, realisation: BlockShape) -> Float32:  # noqa: ARG002 — nothing is random
        """All or nothing."""
        return self._gain * gradient

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:  # noqa: ARG002 — no noise
        """`behind`, which all links have in common."""
        return behind
