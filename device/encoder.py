"""The probabilistic encoder of one device."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from common.config import EncoderSettings
from common.data.dataset import ImageShape
from device.conv_backbone import ConvBackbone

MIN_THETA = 1e-3
"""Floor of θ: it keeps 1/θ in the rate's gradient finite, and is far below the spacing of 256 levels."""

START_THETA = 0.1
"""θ where its head puts out 0, as a fresh head nearly does: less than one level's width at T = 15."""

TANH_WIDTH = 64
"""Of the hidden layer of the backbone `tanh`."""

MLP_WIDTH = 256
"""Of both hidden layers of the backbone `mlp`."""

_OFFSET = math.log(math.expm1(START_THETA - MIN_THETA))


class GaussianEncoder(nn.Module):
    """p(z|x) = N(μ(x), diag θ(x)²) with fully connected heads on a backbone  [QML-IB, eq. (1), Tables I and II].

    μ = tanh(W_μ h + b_μ) and θ = MIN_THETA + softplus(W_θ h + b_θ + offset), where h is what the backbone makes of
    x: x itself if there is none. The paper gives no head for θ; the offset is a constant of the network, not a bias, so
    that θ starts near START_THETA however weights are drawn.
    """

    def __init__(self, features: int, dimension: int, trunk: nn.Module | None = None) -> None:
        """Heads for μ and θ of d = `dimension` on h, whose length is `features`, and the backbone that makes it."""
        super().__init__()
        self.trunk = nn.Identity() if trunk is None else trunk
        self.mean = nn.Linear(features, dimension)
        self.spread = nn.Linear(features, dimension)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the features.

        Args:
            x: (B, C·h·W) flat views.

        Returns:
            μ in [−1, 1] and θ ≥ MIN_THETA, (B, d) each.
        """
        hidden = self.trunk(x).to(x.dtype)
        # Under autocast too: a feature's place among the quantizer's levels takes more than bfloat16's eight bits.
        with torch.autocast(x.device.type, enabled=False):
            mu = self.mean(hidden).tanh()
            theta = functional.softplus(self.spread(hidden) + _OFFSET) + MIN_THETA
        return mu, theta


def make_encoder(settings: EncoderSettings, shape: ImageShape) -> GaussianEncoder:
    """The encoder that the settings name, for views of (C, h, W)."""
    inputs = math.prod(shape)
    match settings.backbone:
        case "linear":
            return GaussianEncoder(inputs, settings.dimension)
        case "tanh":
            hidden = nn.Sequential(nn.Linear(inputs, TANH_WIDTH), nn.Tanh())
            return GaussianEncoder(TANH_WIDTH, settings.dimension, hidden)
        case "mlp":
            return GaussianEncoder(MLP_WIDTH, settings.dimension, _mlp(inputs))
        case "conv":
            convolutions = ConvBackbone(shape, settings.width)
            return GaussianEncoder(convolutions.features, settings.dimension, convolutions)


def _mlp(in_features: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(in_features, MLP_WIDTH), nn.ReLU(), nn.Linear(MLP_WIDTH, MLP_WIDTH), nn.ReLU())
