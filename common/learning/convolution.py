"""The parts of the convolutional networks of both sides  [QML-IB, Table II].

The table gives maps, not layers: the rest is decided here. Kernels are 3 × 3, and maps shrink by strides of 2, so that
any view has its map, of ⌈h/2⌉ rows at each. Normalisation is over groups of channels of one sample [Wu and He, 2018]:
batch normalisation would make a sample's features depend on the others of its micro-batch, and answers on statistics
that each party would have to keep.
"""

import math
from typing import cast

from torch import Tensor, nn

MAP_SIDE = 4
"""Both sides of the smallest map that the table names, and its channels: 4 × 4 × 4."""

_GROUPS = 8


def scaled(channels: int, width: float) -> int:
    """Channels of a narrower or wider network: the product to the nearest whole, and at least 1."""
    return max(1, round(channels * width))


def conv_unit(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """The table's "Conv": a convolution, its normalisation, and ReLU.

    (N, inputs, h, w) becomes (N, outputs, ⌈h/stride⌉, ⌈w/stride⌉). The normalisation has an offset, so the
    convolution has none.
    """
    return nn.Sequential(_convolution(inputs, outputs, stride), _normalisation(outputs), nn.ReLU())


class ResidualBlock(nn.Module):
    """The table's "ResNet block", ReLU(x + F(x)) with F of two convolutions  [He et al., 2016, Fig. 2].

    A stride applies to the first convolution, and to a 1 × 1 convolution on the shortcut.
    """

    def __init__(self, channels: int, stride: int = 1) -> None:
        """A block from (N, channels, h, w) to (N, channels, ⌈h/stride⌉, ⌈w/stride⌉)."""
        super().__init__()
        self.residual = nn.Sequential(
            conv_unit(channels, channels, stride), _convolution(channels, channels), _normalisation(channels)
        )
        projection = nn.Conv2d(channels, channels, 1, stride, bias=False)
        self.shortcut = nn.Identity() if stride == 1 else nn.Sequential(projection, _normalisation(channels))

    def forward(self, x: Tensor) -> Tensor:
        """The next map."""
        return cast(Tensor, self.shortcut(x) + self.residual(x)).relu()


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)


def _normalisation(channels: int) -> nn.GroupNorm:
    # Few channels, in a narrow network, may not divide into eight groups.
    return nn.GroupNorm(math.gcd(channels, _GROUPS), channels)
