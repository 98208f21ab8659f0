"""A backbone: means over 2 × 2 pixels at a device, one layer at the base station."""

import math

from torch import nn

from splitwave.common.config.sections import EncoderSettings
from splitwave.common.data.dataset import ImageShape
from splitwave.common.learning.backbones.encoder import GaussianEncoder


class PooledBackbone:
    """Heads on means over 2 × 2 pixels, and one layer at the base station."""

    supports_conditions = False
    has_width = False

    def encoder(self, settings: EncoderSettings, view_shape: ImageShape, _conditions: int, /) -> GaussianEncoder:
        """Heads for d symbols."""
        channels, height, width = view_shape
        trunk = nn.Sequential(nn.Unflatten(1, view_shape), nn.AvgPool2d(2, ceil_mode=True), nn.Flatten())
        return GaussianEncoder(channels * math.ceil(height / 2) * math.ceil(width / 2), settings.dimension, trunk)

    def decoder(self, settings: EncoderSettings, links: int, outputs: int, _conditions: int, /) -> nn.Module:
        """(N, K·d) to (N, outputs)."""
        return nn.Linear(links * settings.dimension, outputs)


POOLED = PooledBackbone()
