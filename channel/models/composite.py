"""Several channel models one behind the other: ẑ = A_n(… A_2(A_1·z̃ + ε_1) + ε_2 …) + ε_n."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from splitwave.channel.receiver.receiver import Receiver
from splitwave.common.config.run_config import RunConfig
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.channel_model import (
    BlockShape,
    ChannelModel,
    LoadedModel,
    NonlinearModel,
    Variances,
    channel_model,
    check_place,
)

Draws = Sequence[Callable[[], Any]]


class CompositeChannel:
    """Models that symbols pass in order, and gradients in reverse order.

    Its realisation is one of each model, drawn when that model is reached: the adjoint then draws nothing for models
    that only add noise.
    """

    def __init__(self, models: Sequence[ChannelModel[Any]]) -> None:
        """Args: the models, in the order in which symbols pass them."""
        self._models = models

    @property
    def is_additive(self) -> bool:
        """Whether all models are."""
        return all(model.is_additive for model in self._models)

    def draw(self, key: BlockKey, shape: BlockShape) -> Draws:
        """The generators of each model's realisation."""
        return [partial(model.draw, key, shape) for model in self._models]

    def apply(self, symbols: Float32, realisation: Draws) -> Float32:
        """All models in order."""
        for model, drawn in zip(self._models, realisation, strict=True):
            symbols = model.apply(symbols, drawn())
        return symbols

    def adjoint(self, gradient: Float32, realisation: Draws) -> Float32:
        """The adjoints of all models in reverse order."""
        for model, drawn in reversed(list(zip(self._models, realisation, strict=True))):
            if not model.is_additive:
                gradient = model.adjoint(gradient, drawn())
        return gradient

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:
        """All noise, at the input of the first model."""
        for model in reversed(self._models):
            behind = model.noise_variances(key, behind)
        return behind


class NonlinearChain(CompositeChannel):
    """A composite channel whose first model is nonlinear: so is the whole."""

    def __init__(self, first: NonlinearModel[Any], linear: Sequence[ChannelModel[Any]]) -> None:
        """Args: the nonlinear model, and those behind it in order."""
        super().__init__([first, *linear])
        self._first = first
        self._behind = CompositeChannel(linear)

    def adjoint_at(self, gradient: Float32, realisation: Draws, symbols: Float32) -> Float32:
        """The adjoints of all models in reverse order; `symbols` are those that the first one met."""
        gradient = self._behind.adjoint(gradient, realisation[1:])
        return self._first.adjoint_at(gradient, realisation[0](), symbols)


def link_channel(config: RunConfig, link: int) -> ChannelModel[Any]:
    """The channel that the settings give a link: a model, or several one behind the other, and then the receiver.

    Raises:
        ConfigError: a model cannot be loaded, or has the wrong place.
        DataError: the file of a model is missing or damaged.
    """
    chain = config.channel.chain(link)
    models = [channel_model(choice, config, link) for choice in chain]
    for place, (model, choice) in enumerate(zip(models, chain, strict=True)):
        check_place(model, choice, place)
        if isinstance(model, LoadedModel):
            model.load()
    if config.channel.receiver.works:
        models.append(Receiver(config, link, tuple(models)))
    if len(models) == 1:
        return models[0]
    first, *behind = models
    return NonlinearChain(first, behind) if isinstance(first, NonlinearModel) else CompositeChannel(models)
