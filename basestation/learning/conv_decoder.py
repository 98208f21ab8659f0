"""The base station's network for devices with convolutions."""

from torch import Tensor, nn

from splitwave.common.learning.convolution import MAP_SIDE, ResidualBlock, conv_unit, scaled


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
