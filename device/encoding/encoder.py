"""The probabilistic encoder of one device."""

import itertools
import math
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from splitwave.common.config.sections import EncoderSettings
from splitwave.common.data.dataset import ImageShape
from splitwave.common.learning.hyper_layers import Chain, halving, linear, under
from splitwave.common.learning.placement import full_precision
from splitwave.device.encoding.conv_backbone import ConvBackbone

MIN_THETA = 1e-3
"""Floor of θ: it keeps 1/θ in the rate's gradient finite, and is far below the spacing of 256 levels."""

START_THETA = 0.1
"""θ where its head puts out 0, as a fresh head nearly does: less than one level's width at T = 15."""

TANH_WIDTH = 64
"""Of the hidden layer of the backbone `tanh`."""

MLP_WIDTH = 256
"""Of both hidden layers of the backbone `mlp`."""

VIB_WIDTHS = (160, 192)
"""Of the hidden layers of the backbone `vib`."""

TONES_WIDTHS = (704, 576)
"""Of the hidden layers of the backbone `tones`. The paper gives counts, not layers: with the base station's half and
d = 64 these are 559,169 weights, 561,987 with gates on β, where the paper has 55.92e4 and 56.21e4."""

CSI_CHANNELS = (64, 64)
CSI_WIDTHS = (768, 256)
"""Of the hidden layers behind the two convolutions of the backbone `csi`: 653,889 weights in all, 665,027 with gates,
where the paper has 65.42e4 and 66.48e4."""

_OFFSET = math.log(math.expm1(START_THETA - MIN_THETA))


class GaussianEncoder(nn.Module):
    """p(z|x) = N(μ(x), diag θ(x)²) with fully connected heads on a backbone  [QML-IB, eq. (1), Tables I and II].

    μ = tanh(W_μ h + b_μ) and θ = MIN_THETA + softplus(W_θ h + b_θ + offset), where h is what the backbone makes of
    x: x itself if there is none. The paper gives no head for θ; the offset is a constant of the network, not a bias, so
    that θ starts near START_THETA however weights are drawn.
    """

    def __init__(self, features: int, dimension: int, trunk: nn.Module | None = None, conditions: int = 0) -> None:
        """Heads for μ and θ of d = `dimension` on h, whose length is `features`, and the backbone that makes it."""
        super().__init__()
        self.trunk = nn.Identity() if trunk is None else trunk
        self.mean = linear(features, dimension, conditions)
        self.spread = linear(features, dimension, conditions)

    @property
    def mean_layers(self) -> tuple[nn.Module, ...]:
        """What makes μ of x, one after the other."""
        return (*_layers_of(self.trunk), self.mean, nn.Tanh())

    def forward(self, x: Tensor, conditions: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the features.

        Args:
            x: (B, C·h·W) flat views.
            conditions: (R, conditions) inputs of gated layers, each row for B/R samples.

        Returns:
            μ in [−1, 1] and θ ≥ MIN_THETA, (B, d) each.
        """
        hidden = under(self.trunk, x, conditions).to(x.dtype)
        # Under autocast too: a feature's place among the quantizer's levels takes more than bfloat16's eight bits.
        with full_precision(x):
            mu = under(self.mean, hidden, conditions).tanh()
            theta = functional.softplus(under(self.spread, hidden, conditions) + _OFFSET) + MIN_THETA
        return mu, theta

    def mean_of(self, x: Tensor) -> Tensor:
        """μ alone, all that a pass sends, of a network without conditions or folded at them, in full precision."""
        mu: Tensor = self.mean(self.trunk(x)).tanh()
        return mu


class UnitPowerEncoder(nn.Module):
    """p(z|x) = N(μ(x), diag θ(x)²) with μ² + θ² = 1, so that every symbol has the power P_max = 1.

    One head h gives both, μ = tanh h and θ = sech h: a symbol that says nothing is noise of unit power, whose rate is
    nearly 0, and a sure one is ±1. Hyper-VIB's Table I leaves no parameters to a head for θ.
    """

    def __init__(self, trunk: Chain, features: int, dimension: int, conditions: int = 0) -> None:
        """A head of d = `dimension` on what the backbone makes of x, whose length is `features`."""
        super().__init__()
        self.trunk = trunk
        self.head = linear(features, dimension, conditions)

    @property
    def mean_layers(self) -> tuple[nn.Module, ...]:
        """What makes μ of x, one after the other."""
        return (*self.trunk, self.head, nn.Tanh())

    def forward(self, x: Tensor, conditions: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As `GaussianEncoder.forward`."""
        hidden = self.trunk(x, conditions).to(x.dtype)
        with full_precision(x):
            head = under(self.head, hidden, conditions)
            # sech without overflow: 2·exp(−|h|) / (1 + exp(−2|h|)).
            decay = head.abs().neg().exp()
            return head.tanh(), (2 * decay / (1 + decay.square())).clamp_min(MIN_THETA)

    def mean_of(self, x: Tensor) -> Tensor:
        """As `GaussianEncoder.mean_of`."""
        mu: Tensor = self.head(self.trunk(x)).tanh()
        return mu


Encoder = GaussianEncoder | UnitPowerEncoder


def make_encoder(settings: EncoderSettings, shape: ImageShape, conditions: int = 0) -> Encoder:
    """The encoder that the settings name, for views of (C, h, W), with so many conditions as inputs."""
    inputs, d = math.prod(shape), settings.dimension
    match settings.backbone:
        case "linear":
            return GaussianEncoder(inputs, d, conditions=conditions)
        case "tanh":
            return GaussianEncoder(TANH_WIDTH, d, Chain(linear(inputs, TANH_WIDTH, conditions), nn.Tanh()), conditions)
        case "mlp":
            return GaussianEncoder(MLP_WIDTH, d, _hidden_layers(inputs, (MLP_WIDTH, MLP_WIDTH), conditions), conditions)
        case "vib":
            return UnitPowerEncoder(_hidden_layers(inputs, VIB_WIDTHS, conditions), VIB_WIDTHS[-1], d, conditions)
        case "tones":
            return UnitPowerEncoder(_hidden_layers(inputs, TONES_WIDTHS, conditions), TONES_WIDTHS[-1], d, conditions)
        case "csi":
            return UnitPowerEncoder(_csi_trunk(shape, conditions), CSI_WIDTHS[-1], d, conditions)
        case "conv":
            convolutions = ConvBackbone(shape, settings.width)
            return GaussianEncoder(convolutions.features, d, convolutions)


def _layers_of(trunk: nn.Module) -> tuple[nn.Module, ...]:
    match trunk:
        case Chain():
            return tuple(trunk)
        case nn.Identity():
            return ()
        case _:
            return (trunk,)


def _csi_trunk(shape: ImageShape, conditions: int) -> Chain:
    """Two 3 × 3 convolutions over antennas × subcarriers, each of which halves both, and two hidden layers.

    3 × 30 become 1 × 8, and so do the 1 × 30 of one antenna.
    """
    channels, height, width = shape
    a, b = CSI_CHANNELS
    features = b * math.ceil(height / 4) * math.ceil(width / 4)
    return Chain(
        nn.Unflatten(1, shape),
        halving(channels, a, conditions),
        nn.ReLU(),
        halving(a, b, conditions),
        nn.ReLU(),
        nn.Flatten(),
        *_hidden_layers(features, CSI_WIDTHS, conditions),
    )


def _hidden_layers(inputs: int, widths: Sequence[int], conditions: int) -> Chain:
    sizes = itertools.pairwise((inputs, *widths))
    return Chain(*itertools.chain.from_iterable((linear(a, b, conditions), nn.ReLU()) for a, b in sizes))
