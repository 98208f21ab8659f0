"""A model with a fixed gain, which may be zero or negative, for tests of the receiver."""

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances


class FixedGain:
    """ẑ = g·z̃."""

    is_additive = False

    def __init__(self, config: RunConfig, link: int, *, gain: float) -> None:  # noqa: ARG002
        self._gain = gain

    def draw(self, key: BlockKey, shape: BlockShape) -> Float32:  # noqa: ARG002
        draws, samples, _ = shape
        return np.full((draws, samples, 1), self._gain, dtype=np.float32)

    def apply(self, symbols: Float32, realisation: Float32) -> Float32:
        return symbols * realisation

    def adjoint(self, gradient: Float32, realisation: Float32) -> Float32:
        return gradient * realisation

    def gains(self, realisation: Float32) -> Float32:
        return realisation

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:  # noqa: ARG002
        return behind


def fixed(gain: float) -> dict[str, object]:
    """The model, as settings name it."""
    return {"name": f"{__name__}:FixedGain", "gain": gain}
