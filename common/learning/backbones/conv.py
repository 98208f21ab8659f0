"""Backbone `conv`: the convolutional networks of QML-IB's Table II."""

import math

from torch import Tensor, nn

from splitwave.common.config.sections import EncoderSettings
from splitwave.common.data.dataset import ImageShape
from splitwave.common.learning.backbones.backbone import Backbone
from splitwave.common.learning.backbones.encoder import GaussianEncoder
from splitwave.common.learning.convolution import MAP_SIDE, ResidualBlock, conv_unit, scaled

_SHRINKING = 8


class ConvBackbone:
    """`ConvTrunk` and heads at a device, `ConvDecoder` at the base station; `width` scales the channels of both."""

    supports_conditions = False
    has_width = True

    def encoder(self, settings: EncoderSettings, view_shape: ImageShape, _conditions: int, /) -> GaussianEncoder:
        """`GaussianEncoder` on the convolutions."""
        trunk = ConvTrunk(view_shape, settings.width)
        return GaussianEncoder(trunk.features, settings.dimension, trunk)

    def decoder(self, settings: EncoderSettings, links: int, outputs: int, _conditions: int, /) -> "ConvDecoder":
        """`ConvDecoder` of the same width."""
        return ConvDecoder(links * settings.dimension, outputs, settings.width)


class ConvTrunk(nn.Module):
    """[Conv×2, ResNet block → 128×32×32], [Conv×2, ResNet block → 512×4×4], Conv → 4×4×4  [QML-IB, Table II].

    The sizes are for a whole image of 32 × 32; of h × w the maps are 128×h×w, 512×⌈h/8⌉×⌈w/8⌉ and 4×⌈h/8⌉×⌈w/8⌉, so
    each of K = 2 devices makes 4×2×4, each of K = 4 makes 4×1×4, and views that overlap have maps, too: 21 rows give 3.
    Where the table is silent: channels double at each Conv (64, 128, 256, 512); of the second part each Conv and the
    block halve the map; the last Conv is a convolution alone, since ReLU would cost the heads half of their few inputs.
    """

    def __init__(self, shape: ImageShape, width: float = 1.0) -> None:
        """Convolutions for views (C, h, W); `width` scales the 64 to 512 channels, not the last 4."""
        super().__init__()
        channels, height, columns = self.view_shape = shape
        a, b, c, d = (scaled(count, width) for count in (64, 128, 256, 512))
        self.features = MAP_SIDE * math.ceil(height / _SHRINKING) * math.ceil(columns / _SHRINKING)
        self.layers = nn.Sequential(
            nn.Sequential(conv_unit(channels, a), conv_unit(a, b), ResidualBlock(b)),
            nn.Sequential(conv_unit(b, c, stride=2), conv_unit(c, d, stride=2), ResidualBlock(d, stride=2)),
            nn.Conv2d(d, MAP_SIDE, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, features) of flat views (B, C·h·W)."""
        maps: Tensor = self.layers(x.view(len(x), *self.view_shape))
        return maps.flatten(1)


class ConvDecoder(nn.Module):
    """FC, reshape → 4×4×4, Conv×2 → 512×4×4, ResNet block×2 → 512×4×4, pooling → 512, FC  [QML-IB, Table II].

    Where the table is silent: 256 channels after the first Conv; the first FC has no nonlinearity of its own, as a
    convolution with one follows; pooling is the mean over the map. The softmax is left to the cross-entropy.
    """

    def __init__(self, in_features: int, outputs: int = 10, width: float = 1.0) -> None:
        """A network from `in_features` = K·d received symbols; `width` scales 256 and 512 channels."""
        super().__init__()
        half, full = scaled(256, width), scaled(512, width)
        self.spread_out = nn.Sequential(
            nn.Linear(in_features, MAP_SIDE**3), nn.Unflatten(1, (MAP_SIDE, MAP_SIDE, MAP_SIDE))
        )
        self.maps = nn.Sequential(
            conv_unit(MAP_SIDE, half), conv_unit(half, full), ResidualBlock(full), ResidualBlock(full)
        )
        self.classify = nn.Linear(full, outputs)

    def forward(self, symbols: Tensor) -> Tensor:
        """(N, outputs) of received symbols, (N, K·d)."""
        outputs: Tensor = self.classify(self.maps(self.spread_out(symbols)).mean((2, 3)))
        return outputs


CONV: Backbone = ConvBackbone()
