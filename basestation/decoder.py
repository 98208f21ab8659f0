"""The base station's classifier."""

from torch import Tensor, nn

from basestation.conv_decoder import ConvDecoder
from common.config import RunConfig


class Decoder(nn.Module):
    """p_ψ(y | ẑ_1 … ẑ_K): FC-ReLU 1024, FC-ReLU 256, FC  [QML-IB, Table I].

    The softmax of the table is left to the cross-entropy, which takes logits.
    """

    def __init__(self, in_features: int, classes: int = 10) -> None:
        """A network from `in_features` = K·d received symbols to `classes` logits."""
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(in_features, 1024),
            nn.ReLU(),
            nn.Linear(1024, 256),
            nn.ReLU(),
            nn.Linear(256, classes),
        )

    def forward(self, symbols: Tensor) -> Tensor:
        """Logits, (N, classes), of received symbols, (N, K·d)."""
        logits: Tensor = self.layers(symbols)
        return logits


def make_decoder(config: RunConfig) -> nn.Module:
    """The decoder of the table that the devices' backbone is from: Table II for `conv`, else Table I."""
    in_features = config.links * config.encoder.dimension
    if config.encoder.backbone == "conv":
        return ConvDecoder(in_features, width=config.encoder.width)
    return Decoder(in_features)
