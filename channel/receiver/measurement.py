"""The measurement of a link at its receiver: the PSNR of each block, behind the fading."""

import numpy as np
from numpy.typing import NDArray

from splitwave.channel.receiver.channel_state import LinkState
from splitwave.channel.receiver.pilots import PilotDraws
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import channel_model

RANGE_DB = (-100.0, 150.0)
"""The PSNR of a sample is clipped to the range of `channel.psnr_db`, so that a gain of 0 gives a finite mean."""

_TINY = 1e-30


class LinkMeasurement:
    """Measures one link from its channel state, or from the pilots that stand for it."""

    def __init__(self, config: RunConfig, link: int) -> None:
        """Args: the run's settings, where `channel.receiver.csi` is not none; the link's index.

        Raises:
            ConfigError: a channel model cannot be loaded.
        """
        self._config = config
        self._link = link
        self._state = LinkState([channel_model(choice, config, link) for choice in config.channel.chain(link)])

    def psnr_db(self, key: BlockKey, samples: int) -> float:
        """The mean of `of_samples`, which a block carries."""
        return float(self.of_samples(key, samples).mean())

    def of_samples(self, key: BlockKey, samples: int) -> NDArray[np.float64]:
        """(B,) values of 10·log₁₀(ĝ²/v), peak PSNR in dB, P_max = 1.

        With estimated channel state ĝ is that of the receiver, from the same pilots; v is known in either case. A link
        that sends no symbols sends its pilots and is measured just so.
        """
        state = self._state.of_block(key, (1, samples, self._config.encoder.dimension))
        gain = state.gain
        if self._config.channel.receiver.csi == "estimated":
            gain = PilotDraws(self._config, self._link, key, 1).estimate(state, samples).gain
        ratio = np.maximum(gain**2, _TINY) / np.maximum(state.variance, _TINY)
        decibels = np.clip(10.0 * np.log10(ratio), *RANGE_DB)
        return np.array(np.broadcast_to(decibels, (1, samples, 1))[0, :, 0])
