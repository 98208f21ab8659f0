"""Backbone `csi`: Hyper-VIB's networks for WiFi, convolutions over antennas × subcarriers."""

import math

from torch import nn

from splitwave.common.config.sections import EncoderSettings
from splitwave.common.data.dataset import ImageShape
from splitwave.common.learning.backbones.backbone import Backbone
from splitwave.common.learning.backbones.decoder import Decoder
from splitwave.common.learning.backbones.encoder import UnitPowerEncoder
from splitwave.common.learning.hyper_layers import Chain, halving, hidden_layers

CHANNELS = (64, 64)
WIDTHS = (768, 256)
DECODER_WIDTHS = (128,)


class CsiBackbone:
    """Two convolutions and two hidden layers before a head for symbols of unit power; one hidden layer behind them.

    The paper gives counts, not layers: with d = 64 these are 653,889 weights on both sides together, 665,027 with
    gates, where the paper has 65.42e4 and 66.48e4.
    """

    supports_conditions = True
    has_width = False

    def encoder(self, settings: EncoderSettings, view_shape: ImageShape, conditions: int) -> UnitPowerEncoder:
        """`UnitPowerEncoder` on the convolutions and hidden layers."""
        return UnitPowerEncoder(_trunk(view_shape, conditions), WIDTHS[-1], settings.dimension, conditions)

    def decoder(self, settings: EncoderSettings, links: int, outputs: int, conditions: int) -> Decoder:
        """`Decoder` with the one hidden layer."""
        inputs = links * settings.dimension
        return Decoder(inputs, outputs, hidden=DECODER_WIDTHS, conditions=links * conditions)


def _trunk(shape: ImageShape, conditions: int) -> Chain:
    """Two 3 × 3 convolutions, each of which halves both sides of a map, and two hidden layers.

    3 × 30 become 1 × 8, and so do the 1 × 30 of one antenna.
    """
    channels, height, width = shape
    a, b = CHANNELS
    features = b * math.ceil(height / 4) * math.ceil(width / 4)
    return Chain(
        nn.Unflatten(1, shape),
        halving(channels, a, conditions),
        nn.ReLU(),
        halving(a, b, conditions),
        nn.ReLU(),
        nn.Flatten(),
        *hidden_layers(features, WIDTHS, conditions),
    )


CSI: Backbone = CsiBackbone()
