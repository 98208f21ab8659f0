"""The convolutional part of a device's network."""

import math

from torch import Tensor, nn

from splitwave.common.data.dataset import ImageShape
from splitwave.common.learning.convolution import MAP_SIDE, ResidualBlock, conv_unit, scaled

_SHRINKING = 8


class ConvBackbone(nn.Module):
    """[Conv×2, ResNet block → 128×32×32], [Conv×2, ResNet block → 512×4×4], Conv → 4×4×4  [QML-IB, Table II].

    The sizes are for a whole image of 32 × 32; of h × w the maps are 128×h×w, 512×⌈h/8⌉×⌈w/8⌉ and 4×⌈h/8⌉×⌈w/8⌉, so
    each of K = 2 devices makes 4×2×4, each of K = 4 makes 4×1×4, and views that overlap have maps, too: 21 rows give 3.
    Where the table is silent: channels double at each Conv (64, 128, 256, 512); of the second part each Conv and the
    block halve the map; the last Conv is a convolution alone, since ReLU would cost the heads half of their few inputs.
    """

    def __init__(self, shape: ImageShape, width: float = 1.0) -> None:
        """A backbone for views (C, h, W); `width` scales the 64 to 512 channels, not the last 4."""
        super().__init__()
        channels, height, columns = self._shape = shape
        a, b, c, d = (scaled(count, width) for count in (64, 128, 256, 512))
        self.features = MAP_SIDE * math.ceil(height / _SHRINKING) * math.ceil(columns / _SHRINKING)
        self.layers = nn.Sequential(
            nn.Sequential(conv_unit(channels, a), conv_unit(a, b), ResidualBlock(b)),
            nn.Sequential(conv_unit(b, c, stride=2), conv_unit(c, d, stride=2), ResidualBlock(d, stride=2)),
            nn.Conv2d(d, MAP_SIDE, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, features) of flat views (B, C·h·W)."""
        maps: Tensor = self.layers(x.view(len(x), *self._shape))
        return maps.flatten(1)
