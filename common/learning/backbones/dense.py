"""Backbones of fully connected layers: `linear`, `tanh`, `mlp`, `vib` and `tones`."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from splitwave.common.config.sections import EncoderSettings
from splitwave.common.data.dataset import ImageShape
from splitwave.common.learning.backbones.backbone import Backbone
from splitwave.common.learning.backbones.decoder import TABLE_1, Decoder
from splitwave.common.learning.backbones.encoder import Encoder, GaussianEncoder, UnitPowerEncoder
from splitwave.common.learning.hyper_layers import hidden_layers


@dataclass(frozen=True)
class DenseBackbone:
    """Fully connected hidden layers on both sides, gated where conditions are inputs.

    Attributes:
        hidden: widths of a device's hidden layers; without any, its heads are on the view itself.
        decoder_hidden: those of the base station's, each with a ReLU.
        unit_power: whether symbols have unit power, from one head; else μ and θ have a head each.
        activation: behind each hidden layer of a device.
    """

    hidden: tuple[int, ...] = ()
    decoder_hidden: tuple[int, ...] = TABLE_1
    unit_power: bool = False
    activation: Callable[[], nn.Module] = nn.ReLU
    supports_conditions: bool = True
    has_width: bool = False

    def encoder(self, settings: EncoderSettings, view_shape: ImageShape, conditions: int) -> Encoder:
        """The hidden layers, and `UnitPowerEncoder` or `GaussianEncoder` on them."""
        inputs, d = math.prod(view_shape), settings.dimension
        features = (inputs, *self.hidden)[-1]
        trunk = hidden_layers(inputs, self.hidden, conditions, self.activation)
        if self.unit_power:
            return UnitPowerEncoder(trunk, features, d, conditions)
        return GaussianEncoder(features, d, trunk if self.hidden else None, conditions)

    def decoder(self, settings: EncoderSettings, links: int, outputs: int, conditions: int) -> Decoder:
        """`Decoder` with these hidden layers."""
        inputs = links * settings.dimension
        return Decoder(inputs, outputs, hidden=self.decoder_hidden, conditions=links * conditions)


LINEAR: Backbone = DenseBackbone()
"""Heads on the view itself  [QML-IB, Table I]."""

TANH: Backbone = DenseBackbone(hidden=(64,), activation=nn.Tanh)
"""One hidden layer, as a VDDIB-SR device has it behind a linear extractor; QML-IB's Table I at the base station."""

MLP: Backbone = DenseBackbone(hidden=(256, 256))
"""The extractor of VDDIB-SR's authors; QML-IB's Table I at the base station."""

VIB: Backbone = DenseBackbone(hidden=(160, 192), decoder_hidden=(256,), unit_power=True)
"""Hyper-VIB's networks for MNIST."""

TONES: Backbone = DenseBackbone(hidden=(704, 576), decoder_hidden=(64,), unit_power=True)
"""Hyper-VIB's networks for Bluetooth. The paper gives counts, not layers: with d = 64 these are 559,169 weights on both
sides together, 561,987 with gates on β, where the paper has 55.92e4 and 56.21e4."""
