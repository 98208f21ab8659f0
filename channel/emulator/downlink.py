"""The downlink of one link: what a device receives of the gradients that the base station sends.

Shapes: B samples, d features.
"""

import numpy as np

from splitwave.common.config.channel_settings import noise_variance_at
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.randomness import Purpose, generator

_ROUNDING, _NOISE = 0, 1
"""The draws of a block's downlink."""


class Downlink:
    """Quantizes a block's gradient, and adds white Gaussian noise; both relative to its largest value, m = max |g|."""

    def __init__(self, config: RunConfig, link: int) -> None:
        """Args: the run's settings, and the link's index."""
        self._settings = config.channel.downlink
        self._seed = config.seed
        self._link = link

    @property
    def is_ideal(self) -> bool:
        """Whether gradients arrive as they were sent."""
        return self._settings.is_ideal

    def pass_through(self, key: BlockKey, gradient: Float32) -> Float32:
        """The (1, B, d) float32 gradient of a block as the device receives it.

        A block of zeros is unchanged: nothing was sent.
        """
        peak = np.float32(np.abs(gradient).max(initial=0.0))
        if self.is_ideal or peak == 0:
            return gradient
        if self._settings.bits is not None:
            gradient = self._quantized(key, gradient, peak, (1 << self._settings.bits) - 1)
        if self._settings.psnr_db is not None:
            sigma = peak * np.float32(noise_variance_at(self._settings.psnr_db) ** 0.5)
            noise = self._generator(key, _NOISE).standard_normal(gradient.shape, dtype=np.float32)
            gradient = gradient + sigma * noise
        return gradient

    def _quantized(self, key: BlockKey, gradient: Float32, peak: np.float32, steps: int) -> Float32:
        """One of the levels −m + 2m·i/steps next to each value, the nearer the likelier: the mean is the value.

        [QSGD, arXiv 1610.02132, eq. (4)], with levels on both sides of 0 instead of a sign and levels of |g|.
        """
        place = (gradient / peak + 1) * np.float32(steps / 2)
        lower = np.floor(place)
        up = self._generator(key, _ROUNDING).random(gradient.shape, dtype=np.float32) < place - lower
        index = np.minimum(lower + up, np.float32(steps))
        quantized: Float32 = (index * np.float32(2 / steps) - 1) * peak
        return quantized

    def _generator(self, key: BlockKey, draw: int) -> np.random.Generator:
        return generator(
            self._seed,
            Purpose.DOWNLINK_NOISE,
            link=self._link,
            phase=key.phase,
            step=key.step,
            micro_batch=key.micro_batch,
            draw=draw,
        )
