"""The probabilistic encoder of one device."""

import math

from torch import Tensor, nn
from torch.nn import functional

MIN_THETA = 1e-3
"""Floor of θ: it keeps 1/θ in the rate's gradient finite, and is far below the spacing of 256 levels."""

START_THETA = 0.1
"""θ where its head puts out 0, as a fresh head nearly does: less than one level's width at T = 15."""

_OFFSET = math.log(math.expm1(START_THETA - MIN_THETA))


class GaussianEncoder(nn.Module):
    """p(z|x) = N(μ(x), diag θ(x)²) with fully connected heads  [QML-IB, eq. (1), Table I].

    μ = tanh(W_μ x + b_μ) and θ = MIN_THETA + softplus(W_θ x + b_θ + offset). The paper gives no head for θ;
    the offset is a constant of the network, not a bias, so that θ starts near START_THETA however weights are
    drawn.
    """

    def __init__(self, in_features: int, dimension: int) -> None:
        """A head for μ and one for θ, each from `in_features` inputs to d = `dimension` features."""
        super().__init__()
        self.mean = nn.Linear(in_features, dimension)
        self.spread = nn.Linear(in_features, dimension)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the features.

        Args:
            x: (B, in_features) views.

        Returns:
            μ in [−1, 1] and θ ≥ MIN_THETA, (B, d) each.
        """
        mu = self.mean(x).tanh()
        theta = functional.softplus(self.spread(x) + _OFFSET) + MIN_THETA
        return mu, theta
