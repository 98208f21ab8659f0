"""The probabilistic encoder of one device: heads on the layers of a backbone."""

import math
from abc import ABC, abstractmethod

from torch import Tensor, nn
from torch.nn import functional

from splitwave.common.learning.hyper_layers import Chain, linear, under
from splitwave.common.learning.placement import full_precision

MIN_THETA = 1e-3
"""Floor of θ: it keeps 1/θ in the rate's gradient finite, and is far below the spacing of 256 levels."""

START_THETA = 0.1
"""θ where its head puts out 0, as a fresh head nearly does: less than one level's width at T = 15."""

_OFFSET = math.log(math.expm1(START_THETA - MIN_THETA))


class Encoder(nn.Module, ABC):
    """p(z|x) = N(μ(x), diag θ(x)²), the network of a device  [QML-IB, eq. (1)]."""

    @property
    @abstractmethod
    def mean_layers(self) -> tuple[nn.Module, ...]:
        """The layers that make μ of x, one after the other."""

    @abstractmethod
    def forward(self, x: Tensor, conditions: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the features.

        Args:
            x: (B, C·h·W) flat views.
            conditions: (R, C) inputs of gated layers, each row for B/R samples.

        Returns:
            μ in [−1, 1] and θ ≥ MIN_THETA, (B, d) each.
        """

    @abstractmethod
    def mean_of(self, x: Tensor) -> Tensor:
        """μ alone, all that a pass sends, in full precision.

        The network has no conditions as inputs, or is folded at them.
        """


class GaussianEncoder(Encoder):
    """p(z|x) = N(μ(x), diag θ(x)²) with fully connected heads on a backbone  [QML-IB, eq. (1), Tables I and II].

    μ = tanh(W_μ h + b_μ) and θ = MIN_THETA + softplus(W_θ h + b_θ + offset), where h is the output of the backbone,
    or x if there is none. The paper gives no head for θ; the offset is a constant of the network, not a bias, so
    that θ starts near START_THETA however weights are drawn.
    """

    def __init__(self, features: int, dimension: int, trunk: nn.Module | None = None, conditions: int = 0) -> None:
        """Heads for μ and θ of d = `dimension` on h, whose length is `features`, and the layers that make it."""
        super().__init__()
        self.trunk = nn.Identity() if trunk is None else trunk
        self.mean = linear(features, dimension, conditions)
        self.spread = linear(features, dimension, conditions)

    @property
    def mean_layers(self) -> tuple[nn.Module, ...]:
        """See `Encoder.mean_layers`."""
        return (*_layers_of(self.trunk), self.mean, nn.Tanh())

    def forward(self, x: Tensor, conditions: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """See `Encoder.forward`."""
        hidden = under(self.trunk, x, conditions).to(x.dtype)
        # Under autocast too: a feature's place among the quantizer's levels takes more than bfloat16's eight bits.
        with full_precision(x):
            mu = under(self.mean, hidden, conditions).tanh()
            theta = functional.softplus(under(self.spread, hidden, conditions) + _OFFSET) + MIN_THETA
        return mu, theta

    def mean_of(self, x: Tensor) -> Tensor:
        """See `Encoder.mean_of`."""
        mu: Tensor = self.mean(self.trunk(x)).tanh()
        return mu


class UnitPowerEncoder(Encoder):
    """p(z|x) = N(μ(x), diag θ(x)²) with μ² + θ² = 1, so that every symbol has the power P_max = 1.

    One head h gives both, μ = tanh h and θ = sech h: a symbol without information is noise of unit power, whose rate
    is nearly 0, and a certain one is ±1. Hyper-VIB's Table I leaves no parameters to a head for θ.
    """

    def __init__(self, trunk: Chain, features: int, dimension: int, conditions: int = 0) -> None:
        """A head of d = `dimension` on the output of the backbone, whose length is `features`."""
        super().__init__()
        self.trunk = trunk
        self.head = linear(features, dimension, conditions)

    @property
    def mean_layers(self) -> tuple[nn.Module, ...]:
        """See `Encoder.mean_layers`."""
        return (*self.trunk, self.head, nn.Tanh())

    def forward(self, x: Tensor, conditions: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """See `Encoder.forward`."""
        hidden = self.trunk(x, conditions).to(x.dtype)
        with full_precision(x):
            head = under(self.head, hidden, conditions)
            # sech without overflow: 2·exp(−|h|) / (1 + exp(−2|h|)).
            decay = head.abs().neg().exp()
            return head.tanh(), (2 * decay / (1 + decay.square())).clamp_min(MIN_THETA)

    def mean_of(self, x: Tensor) -> Tensor:
        """See `Encoder.mean_of`."""
        mu: Tensor = self.head(self.trunk(x)).tanh()
        return mu


def _layers_of(trunk: nn.Module) -> tuple[nn.Module, ...]:
    match trunk:
        case Chain():
            return tuple(trunk)
        case nn.Identity():
            return ()
        case _:
            return (trunk,)
