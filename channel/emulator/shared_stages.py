"""The channel of a link that meets others in it: what is before the place where they meet, and what is behind.

Shapes: K links, L noise draws, B samples, d features.
"""

from collections.abc import Sequence

import numpy as np

from splitwave.channel.emulator.downlink import Downlink
from splitwave.channel.models.composite import CompositeChannel
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import LoadedModel, channel_model
from splitwave.common.protocol.cross_link import SharedModel, shared_models


class SharedStages:
    """One link's way through ẑ_k = B_k(Σ_j M_kj·A_j(z̃_j)), and back through A_kᵀ·Σ_j M_jk·B_jᵀ."""

    def __init__(self, config: RunConfig, link: int, place: int) -> None:
        """Args: the run's settings; the link's index; the place in its chain where the links meet.

        Raises:
            ConfigError: a model cannot be loaded.
            DataError: the file of a model is missing or damaged.
        """
        models = [channel_model(choice, config, link) for choice in config.channel.chain(link)]
        for model in models:
            if isinstance(model, LoadedModel):
                model.load()
        shared = models[place]
        assert isinstance(shared, SharedModel)  # as `shared_models` found
        self._ahead, self._behind = CompositeChannel(models[:place]), CompositeChannel(models[place + 1 :])
        self._downlink = Downlink(config, link)
        self._row, self._column = shared.mixing()[link], shared.mixing()[:, link]

    @classmethod
    def of(cls, config: RunConfig, link: int) -> "SharedStages | None":
        """Those of a link; None if it meets no others. Errors as for the class."""
        found = shared_models(config, link)
        return cls(config, link, found[0][0]) if found else None

    def send(self, key: BlockKey, symbols: Float32, draws: int) -> Float32:
        """(1 or L, B, d): what a link adds to the medium, for its (1, B, d) symbols."""
        return self._ahead.apply(symbols, self._ahead.draw(key, (draws, *symbols.shape[1:])))

    def receive(self, key: BlockKey, parts: Sequence[Float32], draws: int) -> Float32:
        """(L, B, d): what the base station gets over this link.

        Args:
            key: of the block.
            parts: by link, what it added to the medium.
            draws: L.
        """
        shape = (draws, *parts[0].shape[1:])
        if not self._row.any():
            return np.zeros(shape, dtype=np.float32)
        mixed = self._behind.apply(_mix(self._row, parts), self._behind.draw(key, shape))
        return np.broadcast_to(mixed, shape)

    def gather(self, key: BlockKey, gradient: Float32) -> Float32:
        """(L, B, d): what the base station's gradient for this link adds to the medium on its way back."""
        if not self._row.any():
            return np.zeros_like(gradient)
        return self._behind.adjoint(gradient, self._behind.draw(key, _shape_of(gradient)))

    def spread(self, key: BlockKey, parts: Sequence[Float32]) -> Float32:
        """(1, B, d): the gradient of what this link sent, from what those of all links added to the medium.

        It is added up over the draws, and passes the downlink.
        """
        mixed = _mix(self._column, parts)
        values = self._ahead.adjoint(mixed, self._ahead.draw(key, _shape_of(mixed)))
        if len(values) > 1:
            values = values.sum(axis=0, keepdims=True)
        return self._downlink.pass_through(key, values)


def _mix(weights: Float32, parts: Sequence[Float32]) -> Float32:
    """Σ_j w_j·parts_j in the order of the links, in single precision, without the links whose weight is 0."""
    mixed = np.zeros(max(part.shape for part in parts), dtype=np.float32)
    for weight, part in zip(weights, parts, strict=True):
        if weight:
            mixed += weight * part
    return mixed


def _shape_of(values: Float32) -> tuple[int, int, int]:
    draws, samples, dimension = values.shape
    return draws, samples, dimension
