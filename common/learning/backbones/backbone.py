"""The protocol of backbones, which make both networks of a run, and the functions by which parties make theirs."""

from typing import Protocol, runtime_checkable

from torch import nn

from splitwave.common.config.backbone_checks import check_conditions, check_width
from splitwave.common.config.registry import BACKBONES
from splitwave.common.config.run_config import RunConfig
from splitwave.common.config.sections import EncoderSettings
from splitwave.common.data.dataset import ImageShape
from splitwave.common.errors import ConfigError
from splitwave.common.learning.backbones.encoder import Encoder
from splitwave.common.protocol.link_contract import received_dimension


@runtime_checkable
class Backbone(Protocol):
    """The networks of one design: the device's encoder φ_k and the base station's decoder ψ.

    Every `nn.Linear` and `nn.Conv2d` in them gets its first weights from keyed randomness, in the order of `modules()`
    (`common.learning.initialisation`); other parameters keep those that they are made with. The names of parameters
    are those in checkpoints.
    """

    @property
    def supports_conditions(self) -> bool:
        """Whether both networks can take conditions, log β and log σ², as inputs: `conditions` is 0 unless they do."""

    @property
    def has_width(self) -> bool:
        """Whether `settings.width` scales the networks: it is 1 unless it does."""

    def encoder(self, settings: EncoderSettings, view_shape: ImageShape, conditions: int, /) -> Encoder:
        """The network of a device.

        Args:
            settings: with d = `settings.dimension`, its outputs.
            view_shape: (C, h, W) of its inputs, which it gets as (B, C·h·W).
            conditions: how many conditions of its link are inputs, too.
        """

    def decoder(self, settings: EncoderSettings, links: int, outputs: int, conditions: int, /) -> nn.Module:
        """The network of the base station, from (N, K·d) received symbols to (N, outputs).

        Where conditions are inputs, its `forward` takes them as a second argument, (R, K·C), each row for N/R samples;
        else it takes the symbols alone.

        Args:
            settings: with d = `settings.dimension`, the values of a sample and link: its symbols, and the state of
                its channel where that is an input.
            links: K.
            outputs: logits of the classes, or the one number of a regression.
            conditions: C, how many conditions of each link are inputs, too.
        """


def make_encoder(settings: EncoderSettings, view_shape: ImageShape, conditions: int = 0) -> Encoder:
    """The encoder of the backbone that the settings name; see `Backbone.encoder`.

    Raises:
        ConfigError: the backbone is missing, is none, or does not have what the settings ask of it.
    """
    return _backbone(settings, conditions).encoder(settings, view_shape, conditions)


def make_decoder(config: RunConfig) -> nn.Module:
    """The decoder of the backbone that a run's settings name; see `Backbone.decoder`.

    Raises:
        ConfigError: as `make_encoder`.
    """
    backbone = _backbone(config.encoder, config.conditions)
    settings = config.encoder.model_copy(update={"dimension": received_dimension(config)})
    return backbone.decoder(settings, config.links, config.task.outputs, config.conditions)


def _backbone(settings: EncoderSettings, conditions: int) -> Backbone:
    name = settings.backbone
    backbone = BACKBONES.load(name)
    if not isinstance(backbone, Backbone):
        raise ConfigError(
            f"encoder.backbone = {name}: {backbone!r} lacks a part of "
            "splitwave.common.learning.backbones.backbone.Backbone"
        )
    try:
        check_width(name, backbone, settings.width)
        check_conditions(name, backbone, conditions)
    except ValueError as error:
        raise ConfigError(f"encoder.backbone = {name}: {error}") from None
    return backbone
