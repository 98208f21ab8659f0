"""A fully connected network of the base station: a classifier, or an estimator."""

from collections.abc import Sequence

from torch import Tensor, nn

from splitwave.common.learning.hyper_layers import Chain, hidden_layers, linear

TABLE_1 = (1024, 256)
"""Hidden layers of QML-IB's Table I."""


class Decoder(nn.Module):
    """ψ of ẑ_1 … ẑ_K: FC-ReLU 1024, FC-ReLU 256, FC  [QML-IB, Table I], or other hidden layers.

    The softmax of the table is left to the cross-entropy, which takes logits; a regression has one output, without
    any. All layers are gated where conditions are inputs  [Hyper-VIB, eqs. (12)(13)].
    """

    def __init__(
        self, in_features: int, outputs: int = 10, *, hidden: Sequence[int] = TABLE_1, conditions: int = 0
    ) -> None:
        """A network from `in_features` = K·d received symbols to so many outputs, with `conditions` of all links."""
        super().__init__()
        last = (in_features, *hidden)[-1]
        self.layers = Chain(*hidden_layers(in_features, hidden, conditions), linear(last, outputs, conditions))

    def forward(self, symbols: Tensor, conditions: Tensor | None = None) -> Tensor:
        """(N, outputs) of received symbols, (N, K·d), under (R, conditions), each row for N/R samples."""
        outputs: Tensor = self.layers(symbols, conditions)
        return outputs
