"""The state of a link behind all its channel models: the gain and the noise variance that each sample meets.

Shapes: L noise draws, B samples, d features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, ChannelModel, GainModel, Variances
from splitwave.common.protocol.link_noise import draw_of_sample


@dataclass(frozen=True, slots=True)
class ChannelState:
    """The values of ẑ = g·z̃ + ε, ε ~ N(0, v), for each sample of a block.

    Attributes:
        gain: g, (L, B, 1) or (1, 1, 1) float64: the product over the models that have gains.
        variance: v per real symbol at the receiver's input, P_max = 1; (L, B, 1), (1, B, 1) or (1, 1, 1) float64.
    """

    gain: NDArray[np.float64]
    variance: NDArray[np.float64]


class LinkState:
    """Follows gain and noise variance through the models of one link."""

    def __init__(self, models: Sequence[ChannelModel[Any]]) -> None:
        """Args: the models, in the order in which symbols pass them."""
        self._models = [(model, isinstance(model, GainModel)) for model in models]

    def of_block(self, key: BlockKey, shape: BlockShape) -> ChannelState:
        """The state of a block, from the realisations that the models draw for it.

        A model with gains multiplies all noise before it by g². Any other model adds the variance that it says its
        own noise has, and leaves the gain as it is, whatever else it does to symbols: receivers know neither erasures
        nor clipping.
        """
        gain, variance = np.ones((1, 1, 1)), np.zeros((1, 1, 1))
        for model, has_gains in self._models:
            if has_gains:
                own = model.gains(model.draw(key, shape)).astype(np.float64)  # type: ignore[attr-defined]
                gain, variance = gain * own, variance * own**2
            else:
                variance = variance + _of_samples(model.noise_variances(key, np.zeros(1)), shape[1])
        return ChannelState(gain, variance)


def _of_samples(variances: Variances, samples: int) -> NDArray[np.float64]:
    """(1, B, 1) of (T,) variances, or (1, 1, 1) of one."""
    if len(variances) > 1:
        variances = variances[draw_of_sample(len(variances), samples)]
    return variances.reshape(1, -1, 1)
