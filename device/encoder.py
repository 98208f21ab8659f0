"""The probabilistic encoder of one device."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from common.config import Backbone

MIN_THETA = 1e-3
"""Floor of θ: it keeps 1/θ in the rate's gradient finite, and is far below the spacing of 256 levels."""

START_THETA = 0.1
"""θ where its head puts out 0, as a fresh head nearly does: less than one level's width at T = 15."""

MLP_WIDTH = 256
"""Of both hidden layers of the backbone `mlp`."""

_OFFSET = math.log(math.expm1(START_THETA - MIN_THETA))


class GaussianEncoder(nn.Module):
    """p(z|x) = N(μ(x), diag θ(x)²) with fully connected heads on a backbone  [QML-IB, eq. (1), Table I].

    μ = tanh(W_μ h + b_μ) and θ = MIN_THETA + softplus(W_θ h + b_θ + offset), where h is what the backbone makes of
    x: x itself for `linear`. The paper gives no head for θ; the offset is a constant of the network, not a bias, so
    that θ starts near START_THETA however weights are drawn.
    """

    def __init__(self, in_features: int, dimension: int, backbone: Backbone = "linear") -> None:
        """A backbone on `in_features` inputs, and on that a head for μ and one for θ of d = `dimension` features."""
        super().__init__()
        self.trunk = nn.Identity() if backbone == "linear" else _mlp(in_features)
        features = in_features if backbone == "linear" else MLP_WIDTH
        self.mean = nn.Linear(features, dimension)
        self.spread = nn.Linear(features, dimension)

    def forward(self, x: Tensor, in_bfloat16: bool = False) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the features.

        Args:
            x: (B, in_features) views.
            in_bfloat16: take the backbone's matrix products in bfloat16.

        Returns:
            μ in [−1, 1] and θ ≥ MIN_THETA, (B, d) each.
        """
        with torch.autocast("cpu", torch.bfloat16, enabled=in_bfloat16):
            hidden = self.trunk(x).float()
        mu = self.mean(hidden).tanh()
        theta = functional.softplus(self.spread(hidden) + _OFFSET) + MIN_THETA
        return mu, theta


def _mlp(in_features: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(in_features, MLP_WIDTH), nn.ReLU(), nn.Linear(MLP_WIDTH, MLP_WIDTH), nn.ReLU())
