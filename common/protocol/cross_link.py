"""Channel models in which the links of a run meet, and where the settings may name one.

Shapes: K links, L noise draws, B samples, d features.
"""

from typing import Any, Protocol, TypeVar, runtime_checkable

from splitwave.common.config.registry import FIXED
from splitwave.common.config.run_config import RunConfig
from splitwave.common.errors import ConfigError
from splitwave.common.protocol.arrays import Float32
from splitwave.common.protocol.channel_model import ChannelModel, NonlinearModel, channel_model

Realisation = TypeVar("Realisation")


@runtime_checkable
class SharedModel(ChannelModel[Realisation], Protocol[Realisation]):
    """A model that mixes the symbols of all links, ẑ_k = Σ_j M_kj·z̃_j; gradients go back through Mᵀ.

    Models before it act on what each link sends, models behind it on what each link receives. Its members of
    `ChannelModel` describe a link alone, whose gain is M_kk.
    """

    @property
    def is_shared(self) -> bool:
        """True."""
        ...

    def mixing(self) -> Float32:
        """(K, K) float32: M, the same from whichever link's model it is taken.

        A link whose row is zero receives nothing, no noise either.
        """
        ...


def shared_place(config: RunConfig) -> int | None:
    """The place in every link's chain of the model in which the links meet; None where they do not.

    Raises:
        ConfigError: a chain has several, or they differ between links, or a model cannot be loaded.
    """
    found = {tuple(shared_models(config, link)) for link in range(config.links)}
    if len(found) > 1 or any(len(places) > 1 for places in found):
        raise ConfigError(
            f"channel.model = {config.channel.names}: expected the one model in which links meet at the same place in "
            "the list of every link, with the same options"
        )
    (places,) = found
    return places[0][0] if places else None


def check_cross_link(config: RunConfig) -> None:
    """Refuse settings of a run under which its links cannot meet.

    Raises:
        ConfigError: as for `shared_place`, or a setting needs links apart from each other.
    """
    if shared_place(config) is None:
        return
    channel = config.channel
    apart: dict[str, tuple[object, object, str]] = {
        "fusion.policy": (config.fusion.policy, "all", "a block that lacks a part cannot be received"),
        "fusion.down": (config.fusion.down, [], "the symbols of all links arrive together"),
        "training.link_dropout": (config.training.link_dropout, 0.0, "the symbols of all links arrive together"),
        "channel.digital.modulation": (channel.digital.modulation, None, "bits do not add up over the air"),
        "channel.receiver.csi": (channel.receiver.csi, "none", "a receiver knows the channel of its own link alone"),
        "adaptation.policy": (config.adaptation.policy, FIXED, "what one link sends reaches all of them"),
        "adaptation.rows": (config.adaptation.rows, [], "what one link sends reaches all of them"),
    }
    for setting, (value, needed, reason) in apart.items():
        if value != needed:
            raise ConfigError(
                f"{setting} = {value}: expected {'none' if needed is None else needed} where links meet "
                f"(channel.model = {channel.names}), because {reason}"
            )
    for link in range(config.links):
        for choice in channel.chain(link):
            if isinstance(channel_model(choice, config, link), NonlinearModel):
                raise ConfigError(
                    f"channel.model = {channel.names}: {choice.name} is nonlinear, and where links meet, all models "
                    "must be linear"
                )


def check_links_apart(config: RunConfig, what: str) -> None:
    """Refuse a channel in which links meet, for something that takes each link's part as it comes.

    Args:
        config: the run's settings.
        what: that is asked for, for the message.

    Raises:
        ConfigError: they meet, or as for `shared_place`.
    """
    if shared_place(config) is not None:
        raise ConfigError(
            f"channel.model = {config.channel.names}: links meet in it, so that {what} would wait for the parts of all "
            "links in the channel: expected models of single links"
        )


def shared_models(config: RunConfig, link: int) -> list[tuple[int, str, str]]:
    """Place, name and options of each model of a link's chain in which it meets others.

    Raises:
        ConfigError: a model cannot be loaded.
    """
    chain = config.channel.chain(link)
    models: list[ChannelModel[Any]] = [channel_model(choice, config, link) for choice in chain]
    return [
        (place, choice.name, repr(sorted(choice.options.items())))
        for place, (choice, model) in enumerate(zip(chain, models, strict=True))
        if isinstance(model, SharedModel)
    ]
