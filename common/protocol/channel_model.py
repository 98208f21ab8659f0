"""The protocol of channel models, for the emulator that applies them and the rate bounds that need their noise.

Shapes: B samples, d features, L noise draws, T noise variances a block.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol, TypeVar, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from splitwave.common.config.channel_settings import ChannelModelChoice
from splitwave.common.config.registry import AWGN, CHANNEL_MODELS
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.named_object import origin
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.blocks import BlockKey
from splitwave.common.protocol.phases import Phase

Realisation = TypeVar("Realisation")
Variances = NDArray[np.float64]
BlockShape = tuple[int, int, int]
"""(L, B, d)."""


@runtime_checkable
class ChannelModel(Protocol[Realisation]):
    """One link's channel ẑ = A(h)·z̃ + ε, a pure function of the run's settings, the link and the block.

    What is random in it, (h, ε), is its realisation. A realisation is drawn from a keyed generator (ADR 3) for one use
    and never kept: on the way back the emulator draws it again, so a model has no state and a restart loses nothing.
    """

    @property
    def is_additive(self) -> bool:
        """Whether A is the identity, as where the model only adds noise: the adjoint is then neither drawn nor called.

        Gradients of a link whose models are all additive, with one draw, pass the emulator unread.
        """
        ...

    def draw(self, key: BlockKey, shape: BlockShape) -> Realisation:
        """The realisation that a block of this shape meets; draw l of L is the same for any L."""
        ...

    def apply(self, symbols: Float32, realisation: Realisation) -> Float32:
        """(L, B, d) float32 symbols behind the model; it may overwrite the realisation, never the symbols.

        Args:
            symbols: (1, B, d) float32 as the device sent them, or (L, B, d) from the model before.
            realisation: as drawn for (L, B, d).
        """
        ...

    def adjoint(self, gradient: Float32, realisation: Realisation) -> Float32:
        """Aᵀ·∂CE/∂ẑ: (L, B, d) float32 to (L, B, d); draws are added up by the emulator, once, after all models.

        It may overwrite the realisation, never the gradient.
        """
        ...

    def noise_variances(self, key: BlockKey, behind: Variances) -> Variances:
        """The noise of this model and of all behind it, as if all of it were added to this model's input.

        A model ẑ = h·z̃ + ε adds σ²/h² + `behind`/h².

        Args:
            key: of the block.
            behind: (T,) float64, or (1,) for the same in all T shares of a block, the variance of the noise of the
                models behind this one, as if it were added to this one's output; 0 for the last.

        Returns:
            (T,) or (1,) float64 variances a real symbol, P_max = 1; sample i of n meets that of share ⌊i·T/n⌋.
        """
        ...


@runtime_checkable
class GainModel(ChannelModel[Realisation], Protocol[Realisation]):
    """A model that multiplies all symbols of a sample by one known gain, ẑ = g·z̃: receivers take CSI from it."""

    def gains(self, realisation: Realisation) -> Float32:
        """(L, B, 1) float32 gains of a realisation; it is unchanged."""
        ...


@runtime_checkable
class NonlinearModel(ChannelModel[Realisation], Protocol[Realisation]):
    """A model ẑ = f(z̃) whose adjoint depends on the symbols; its `adjoint` is not called.

    It describes the transmitter: it must be the first model of its chain, because the emulator keeps what a device
    sent until the gradient of the block returns, and nothing else.
    """

    def adjoint_at(self, gradient: Float32, realisation: Realisation, symbols: Float32) -> Float32:
        """(∂f/∂z̃)ᵀ·∂CE/∂ẑ, (L, B, d) float32.

        Args:
            gradient: (L, B, d) float32, behind this model.
            realisation: as for `apply`.
            symbols: (1, B, d) float32 that went in.
        """
        ...


@runtime_checkable
class LoadedModel(ChannelModel[Realisation], Protocol[Realisation]):
    """A model that reads a file: parties that only ask it for noise variances need not have it."""

    def load(self) -> None:
        """Read the file now, if it was not; a party that applies the model calls it before the first block.

        Raises:
            DataError: it is missing, or something in it is wrong.
        """
        ...


ChannelModelFactory = Callable[..., ChannelModel[Any]]
"""Makes the model of a link, from the run's settings, the link's index and, as keywords, the model's options: a class,
for instance."""


def channel_model(choice: ChannelModelChoice, config: RunConfig, link: int) -> ChannelModel[Any]:
    """The model of one name for one link.

    Args:
        choice: a name of the registry or of an installed package, or `module:factory`, and its options.
        config: the run's settings.
        link: the link's index.

    Raises:
        ConfigError: nothing has this name, it cannot be imported, it has no such option, or it raises an error.
    """
    factory, where = _factory(choice.name), f"channel.model = {choice.name}, link {link}"
    try:
        _check_options(choice)
        return factory(config, link, **choice.options)
    except Exception as error:  # whatever the user's factory raises
        is_plain = isinstance(error, ConfigError) or choice.name in CHANNEL_MODELS.built_in
        raise ConfigError(f"{where}: {error if is_plain else origin(error)}") from error


def _check_options(choice: ChannelModelChoice) -> None:
    known, options = _known_options(choice.name), choice.options
    for name in (name for name in options if name not in known):
        raise ConfigError(f"it has no option {name!r}; its options: {', '.join(known) or 'none'}")
    for name in (name for name, is_needed in known.items() if is_needed and name not in options):
        raise ConfigError(f"it needs the option {name!r}: {{name: …, {name}: …}}")


def rate_noise_variances(config: RunConfig, link: int, key: BlockKey) -> Variances:
    """(T,) values of σ² in ẑ = z̃ + ε as the rate of a block sees it, see `RateNoise`; errors as there."""
    return RateNoise(config, link).variances(key)


class RateNoise:
    """σ² in ẑ = z̃ + ε as the rate of one link's blocks sees it: all noise of the channel, at its input.

    Information about z̃ is the same behind h·z̃ + ε and behind z̃ + ε/h, so a bound for the second is one for the first.
    """

    def __init__(self, config: RunConfig, link: int) -> None:
        """Make the link's models.

        Raises:
            ConfigError: one cannot be loaded.
        """
        self._models = [channel_model(choice, config, link) for choice in reversed(config.channel.chain(link))]

    def variances(self, key: BlockKey) -> Variances:
        """(T,) values, each of an equal share of the block, see `link_noise.draw_of_sample`."""
        variances = np.zeros(1)
        for model in self._models:
            variances = model.noise_variances(key, variances)
        return variances


def check_rate_noise(config: RunConfig) -> None:
    """Refuse a channel without noise where the run needs σ² > 0: in the rate of quantized symbols, or as an input.

    Raises:
        ConfigError: no model of `channel.model` adds noise, one of them cannot be loaded, is no channel model, or has
            the wrong place in its chain.
    """
    for link in range(config.links):
        for place, choice in enumerate(config.channel.chain(link)):
            if isinstance(model := channel_model(choice, config, link), ChannelModel):
                check_place(model, choice, place)
                continue
            raise ConfigError(
                f"channel.model = {choice.name}: it gives a {type(model).__name__}, which lacks a member of "
                "ChannelModel: is_additive, draw, apply, adjoint or noise_variances"
            )
    needs = {"quantizer.breakpoints": config.quantizer.breakpoints, "hypernetwork.psnr": config.hypernetwork.psnr}
    needed_by = [setting for setting, value in needs.items() if value]
    key = BlockKey(Phase.TEST, 0, 0)
    noise = np.concatenate([rate_noise_variances(config, link, key) for link in range(config.links)])
    if needed_by and not noise.all():
        raise ConfigError(
            f"channel.model = {config.channel.names}: the channel adds no noise, but {needed_by[0]} = "
            f"{needs[needed_by[0]]} needs some: add a model that does, such as {AWGN}, or choose 0"
        )


def check_place(model: ChannelModel[Any], choice: ChannelModelChoice, place: int) -> None:
    """Refuse a nonlinear model that is not the first of its chain.

    Raises:
        ConfigError: it is not.
    """
    if place and isinstance(model, NonlinearModel):
        raise ConfigError(
            f"channel.model: {choice.name} is number {place + 1} of its list, but is nonlinear: it belongs to the "
            "transmitter, and must be the first"
        )


@lru_cache
def _factory(name: str) -> ChannelModelFactory:
    return cast(ChannelModelFactory, CHANNEL_MODELS.load(name))


@lru_cache
def _known_options(name: str) -> Mapping[str, bool]:
    """The options of a model and whether each is needed; kept, because the rate of every block makes models anew."""
    parameters = inspect.signature(_factory(name)).parameters.items()
    return {name: one.default is one.empty for name, one in parameters if one.kind is one.KEYWORD_ONLY}
