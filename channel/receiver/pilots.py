"""Channel estimation from pilots, and the phase error that it leaves.

Shapes: L noise draws, B samples, d features.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splitwave.channel.receiver.channel_state import ChannelState
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.randomness import Purpose, generator


@dataclass(frozen=True, slots=True)
class Estimate:
    """ĥ = g + n_I + j·n_Q of each sample: ĝ = |ĥ|, and the phase by which the receiver turns its symbols back.

    Attributes:
        gain: ĝ, (L, B, 1) float64.
        cosine, sine: of the phase of ĥ, (L, B, 1) float64; 1 and 0 for no gain.
    """

    gain: NDArray[np.float64]
    cosine: NDArray[np.float64]
    sine: NDArray[np.float64]


class PilotDraws:
    """The random numbers of a block's estimate: the noise of its pilots, and that of its symbols in quadrature.

    Draw l of L is the same for any L. Both kinds of noise come from one keyed generator a draw, the pilots' first.
    """

    def __init__(self, config: RunConfig, link: int, key: BlockKey, draws: int) -> None:
        """Args: the run's settings, the link's index, the block's key, and L."""
        self._pilots = config.channel.receiver.pilots
        self._generators: Sequence[np.random.Generator] = [
            generator(
                config.seed,
                Purpose.PILOT_NOISE,
                link=link,
                phase=key.phase,
                step=key.step,
                micro_batch=key.micro_batch,
                draw=draw,
            )
            for draw in range(draws)
        ]

    def estimate(self, state: ChannelState, samples: int) -> Estimate:
        """The estimate from P pilots of amplitude 1: n_I and n_Q ~ N(0, v/P), the mean of the pilots' noise.

        Every sample has pilots of its own, so that each gain is estimated alone, however slowly the channel changes.
        """
        noise = np.stack([rng.standard_normal((samples, 2), dtype=np.float32) for rng in self._generators])
        scaled = noise * np.sqrt(state.variance / self._pilots)
        in_phase, quadrature = state.gain + scaled[..., :1], scaled[..., 1:]
        gain = np.sqrt(in_phase * in_phase + quadrature * quadrature)
        divisor = np.where(gain > 0, gain, 1.0)
        return Estimate(gain, np.where(gain > 0, in_phase / divisor, 1.0), quadrature / divisor)

    def quadrature_noise(self, state: ChannelState, samples: int, width: int) -> Float32:
        """(L, B, width) float32 of N(0, v); call it once, after `estimate`."""
        noise = np.stack([rng.standard_normal((samples, width), dtype=np.float32) for rng in self._generators])
        noise *= np.sqrt(state.variance).astype(np.float32)
        return noise
