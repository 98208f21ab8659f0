"""The receiver of one link at the base station: the last stage of its channel.

Shapes: L noise draws, B samples, d features.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from splitwave.channel.receiver.channel_state import LinkState
from splitwave.channel.receiver.equalisers import EQUALISERS
from splitwave.channel.receiver.pilots import PilotDraws
from splitwave.channel.receiver.rotation import Rotation
from splitwave.channel.receiver.state_inputs import state_inputs
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import BlockShape, ChannelModel, Variances


@dataclass(frozen=True, slots=True)
class Reception:
    """The steps of a receiver for one block.

    Attributes:
        weight: w of the equaliser, (L, B, 1) float32 or shorter axes.
        rotation: by the phase of the estimate; None with perfect channel state.
        inputs: (L, B, 2) float32 or shorter axes, for the base station's network; None without.
    """

    weight: Float32
    rotation: Rotation | None
    inputs: Float32 | None


class Receiver:
    """Rotates and equalises the symbols that all models of a link have passed, and adds the channel state.

    It has the shape of a channel model, so that it stands behind the models of a link in one chain, except that it may
    make (L, B, d+2) of (L, B, d). Its adjoint drops the gradients of the two inputs: nobody trains the weather.
    """

    is_additive = False

    def __init__(self, config: RunConfig, link: int, models: Sequence[ChannelModel[Any]]) -> None:
        """Args: the run's settings, the link's index, and the link's models, in order."""
        self._config = config
        self._link = link
        self._state = LinkState(models)
        self._equalise = EQUALISERS[config.channel.receiver.equaliser]

    def draw(self, key: BlockKey, shape: BlockShape) -> Reception:
        """The steps for the block of this key, whose symbols have the shape (L, B, d); they depend on L and B alone."""
        settings = self._config.channel.receiver
        state, (draws, samples, _) = self._state.of_block(key, shape), shape
        gain, rotation = state.gain, None
        if settings.csi == "estimated":
            drawn = PilotDraws(self._config, self._link, key, draws)
            estimate = drawn.estimate(state, samples)
            gain = estimate.gain
            rotation = Rotation(
                estimate.cosine.astype(np.float32),
                estimate.sine.astype(np.float32),
                self._config.channel.digital.carries_pairs,
                lambda width: drawn.quadrature_noise(state, samples, width),
            )
        weight = self._equalise(gain, state.variance).astype(np.float32)
        return Reception(weight, rotation, state_inputs(gain, state.variance) if settings.inputs else None)

    def apply(self, symbols: Float32, realisation: Reception) -> Float32:
        """(L, B, d) float32 symbols, or (L, B, d+2) with the channel state behind them."""
        turned = symbols if realisation.rotation is None else realisation.rotation.apply(symbols)
        if realisation.inputs is None:
            return turned * realisation.weight
        width, added = turned.shape[-1], realisation.inputs.shape[-1]
        rows = np.broadcast_shapes(turned.shape[:-1], realisation.weight.shape[:-1], realisation.inputs.shape[:-1])
        received = np.empty((*rows, width + added), dtype=np.float32)
        np.multiply(turned, realisation.weight, out=received[..., :width])
        received[..., width:] = realisation.inputs
        return received

    def adjoint(self, gradient: Float32, realisation: Reception) -> Float32:
        """(L, B, d) float32 of what `apply` made."""
        if realisation.inputs is not None:
            gradient = gradient[..., : -realisation.inputs.shape[-1]]
        weighted = gradient * realisation.weight
        return weighted if realisation.rotation is None else realisation.rotation.adjoint(weighted)

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:  # noqa: ARG002
        """`behind` as it is: what the receiver knows can be undone, so that the rate's noise is that of the models."""
        return behind
