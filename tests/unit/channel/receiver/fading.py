"""A small model with gains, for tests of the receiver: one keyed Rayleigh gain a sample and draw."""

import numpy as np

from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, Variances
from splitwave.common.randomness import Purpose, generator


class Fading:
    """ẑ = |h|·z̃, E|h|² = 1; `gain` fixes |h|."""

    is_additive = False

    def __init__(self, config: RunConfig, link: int, *, gain: float | None = None) -> None:
        self._seed, self._link, self._gain = config.seed, link, gain

    def draw(self, key: BlockKey, shape: BlockShape) -> Float32:
        draws, samples, _ = shape
        if self._gain is not None:
            return np.full((draws, samples, 1), self._gain, dtype=np.float32)
        of_draws = [
            generator(
                self._seed, Purpose.FADING, link=self._link, phase=key.phase, step=key.step,
                micro_batch=key.micro_batch, draw=draw,
            ).rayleigh(0.5**0.5, (samples, 1))
            for draw in range(draws)
        ]  # fmt: skip
        return np.stack(of_draws).astype(np.float32)

    def apply(self, symbols: Float32, realisation: Float32) -> Float32:
        return symbols * realisation

    def adjoint(self, gradient: Float32, realisation: Float32) -> Float32:
        return gradient * realisation

    def gains(self, realisation: Float32) -> Float32:
        return realisation

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:  # noqa: ARG002
        return behind


FADING = f"{__name__}:Fading"
