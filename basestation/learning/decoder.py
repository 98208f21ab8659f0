"""What the base station answers with: a classifier, or an estimator."""

import itertools
from collections.abc import Sequence

from torch import Tensor, nn

from splitwave.basestation.learning.conv_decoder import ConvDecoder
from splitwave.common.config.run_config import RunConfig
from splitwave.common.learning.hyper_layers import Chain, linear

TABLE_1 = (1024, 256)
"""Hidden layers of QML-IB's Table I."""

HYPER_VIB = (256,)
"""The hidden layer of Hyper-VIB's network for MNIST."""

TONES, CSI = (64,), (128,)
"""Those of the backbones `tones` and `csi`, whose device halves see to the rest of the paper's parameter counts."""


class Decoder(nn.Module):
    """ψ of ẑ_1 … ẑ_K: FC-ReLU 1024, FC-ReLU 256, FC  [QML-IB, Table I], or other hidden layers.

    The softmax of the table is left to the cross-entropy, which takes logits; a regression has one output, without
    any. All layers are gated where conditions are inputs  [Hyper-VIB, eqs. (12)(13)].
    """

    def __init__(
        self, in_features: int, outputs: int = 10, *, hidden: Sequence[int] = TABLE_1, conditions: int = 0
    ) -> None:
        """A network from `in_features` = K·d received symbols to so many outputs."""
        super().__init__()
        sizes = itertools.pairwise((in_features, *hidden))
        layers = itertools.chain.from_iterable((linear(a, b, conditions), nn.ReLU()) for a, b in sizes)
        self.layers = Chain(*layers, linear(hidden[-1], outputs, conditions))

    def forward(self, symbols: Tensor, conditions: Tensor | None = None) -> Tensor:
        """(N, outputs) of received symbols, (N, K·d), under (R, conditions), each row for N/R samples."""
        outputs: Tensor = self.layers(symbols, conditions)
        return outputs


def make_decoder(config: RunConfig) -> nn.Module:
    """The decoder of the table that the devices' backbone is from; QML-IB's Table I for most."""
    in_features, conditions = config.links * config.encoder.dimension, config.links * config.conditions
    outputs = config.task.outputs
    match config.encoder.backbone:
        case "conv":
            return ConvDecoder(in_features, outputs, config.encoder.width)
        case "vib":
            hidden: Sequence[int] = HYPER_VIB
        case "tones":
            hidden = TONES
        case "csi":
            hidden = CSI
        case _:
            hidden = TABLE_1
    return Decoder(in_features, outputs, hidden=hidden, conditions=conditions)
