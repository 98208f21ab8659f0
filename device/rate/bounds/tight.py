"""Bound `tight`: Lemma 1 as its derivation gives it."""

import math
from typing import ClassVar

from torch import Tensor

from splitwave.device.rate.bound import Bound
from splitwave.device.rate.gaussian import noise_kl
from splitwave.device.rate.level_costs import LevelCostBound


class TightBound(LevelCostBound):
    """D* = −H(Z̃|x) + log(T+1) − ½ log σ² + ½σ² − ½ + κ Σ_t P(c_t) c_t² with κ = ½  [QML-IB, eq. (14), Lemma 1].

    The paper prints κ = 1, see `paper`; deriving (14) gives ½, because KL(N(c, σ²) ‖ N(0, 1)) has ½c². The gap D* − D
    is log(T+1) − H(Z̃|Ẑ, x), so it lies in [0, log(T+1)].
    """

    kappa: ClassVar[float] = 0.5

    def definition(
        self, log_pmf: Tensor, levels: Tensor, noise_variance: float, _log_prior: Tensor | None = None, /
    ) -> Tensor:
        """Equation (14) of (..., T + 1) log-probabilities and (T + 1,) levels: (...), nats."""
        pmf = log_pmf.exp()
        constant = math.log(len(levels)) + noise_kl(noise_variance)
        return (pmf * (log_pmf + self.kappa * levels.square())).sum(-1) + constant

    def costs(self, levels: Tensor, _log_prior: Tensor | None, /) -> Tensor:
        """κ c_t², (T + 1, 1)."""
        return self.kappa * levels.square().unsqueeze(1)

    def constant(self, levels: int, /) -> float:
        """log(T+1)."""
        return math.log(levels)


TIGHT: Bound = TightBound()
