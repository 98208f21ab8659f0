"""Bound `prior`: Lemma 1 with weights on the levels."""

import math

import torch
from torch import Tensor

from splitwave.device.rate.bound import Bound
from splitwave.device.rate.gaussian import noise_kl
from splitwave.device.rate.level_costs import LevelCostBound


class PriorBound(LevelCostBound):
    """D*_w = Σ_t P(c_t) log(P(c_t)/w_t) + Σ_t P(c_t) KL(N(c_t, σ²) ‖ N(0, 1)).

    Lemma 1 with weights w on the levels in place of 1/(T+1): an upper bound for every w, and the lowest on average
    over a batch for log w = `batch_log_prior`.
    """

    uses_batch_prior = True

    def definition(
        self, log_pmf: Tensor, levels: Tensor, noise_variance: float, log_prior: Tensor | None = None, /
    ) -> Tensor:
        """D*_w of (..., T + 1) log-probabilities and (T + 1,) levels: (...), nats.

        `log_prior`: finite logarithms of weights that sum to 1. Without it the gradient flows through the batch's mean,
        too.
        """
        prior = batch_log_prior(log_pmf) if log_prior is None else log_prior
        pmf = log_pmf.exp()
        return (pmf * (log_pmf - prior + 0.5 * levels.square())).sum(-1) + noise_kl(noise_variance)

    def costs(self, levels: Tensor, log_prior: Tensor | None, /) -> Tensor:
        """½ c_t² − log w_t, (T + 1, d); the weights are constants."""
        assert log_prior is not None  # `uses_batch_prior`
        return 0.5 * levels.square().unsqueeze(1) - log_prior.detach().T


def batch_log_prior(log_pmf: Tensor) -> Tensor:
    """Log of the mean pmf, (B, d, T + 1) → (d, T + 1): the `log_prior` that minimises bound `prior`."""
    return torch.logsumexp(log_pmf, dim=0) - math.log(len(log_pmf))


PRIOR: Bound = PriorBound()
