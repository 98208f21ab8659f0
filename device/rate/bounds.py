"""The rate term D = KL(p(ẑ|x) ‖ N(0, 1)) of a quantized symbol over an AWGN link, and its upper bounds.

Given x, a received symbol is the mixture Σ_t P(c_t) N(c_t, σ²) (13), whose KL has no closed form. All
functions work per dimension and in nats; the objective (15) takes sums over dimensions. Shapes: `log_pmf`
and `pmf` are (..., T + 1), `levels` (T + 1,), results (...).
"""

import math
from typing import Literal

import numpy as np
import torch
from torch import Tensor

BoundName = Literal["tight", "paper", "prior", "quadrature"]
"""`tight`: eq. (14) as its derivation gives it; `paper`: as printed; `prior`: weights on the levels; `quadrature`:
D itself."""

_NODES = 128


def tight_bound(log_pmf: Tensor, levels: Tensor, noise_variance: float) -> Tensor:
    """D* = −H(Z̃|x) + log(T+1) − ½ log σ² + ½σ² − ½ + ½ Σ_t P(c_t) c_t²  [QML-IB, eq. (14), Lemma 1].

    The paper prints κ = 1 in place of the last ½, see `paper_bound`; deriving (14) gives ½, because
    KL(N(c, σ²) ‖ N(0, 1)) has ½c². The gap D* − D is log(T+1) − H(Z̃|Ẑ, x), so it lies in [0, log(T+1)].
    """
    return _lemma_1(log_pmf, levels, noise_variance, kappa=0.5)


def paper_bound(log_pmf: Tensor, levels: Tensor, noise_variance: float) -> Tensor:
    """D* as printed, with κ = 1: an upper bound too, only looser than `tight_bound`  [QML-IB, eq. (14)]."""
    return _lemma_1(log_pmf, levels, noise_variance, kappa=1.0)


def prior_bound(log_pmf: Tensor, levels: Tensor, noise_variance: float, log_prior: Tensor) -> Tensor:
    """D*_w = Σ_t P(c_t) log(P(c_t)/w_t) + Σ_t P(c_t) KL(N(c_t, σ²) ‖ N(0, 1)).

    Lemma 1 with weights w on the levels in place of 1/(T+1): an upper bound for every w, and the lowest on
    average over a batch for log w = `batch_log_prior`.

    Args:
        log_pmf: (..., T + 1).
        levels: (T + 1,).
        noise_variance: σ² > 0.
        log_prior: (T + 1,) or (d, T + 1), finite logarithms of weights that sum to 1.
    """
    pmf = log_pmf.exp()
    return (pmf * (log_pmf - log_prior + 0.5 * levels.square())).sum(-1) + noise_kl(noise_variance)


def batch_log_prior(log_pmf: Tensor) -> Tensor:
    """Log of the mean pmf, (B, d, T + 1) → (d, T + 1): the `log_prior` that minimises `prior_bound`."""
    return torch.logsumexp(log_pmf, dim=0) - math.log(len(log_pmf))


def noise_kl(noise_variance: float) -> float:
    """KL(N(0, σ²) ‖ N(0, 1)) = −½ log σ² + ½σ² − ½, nats.

    Raises:
        ValueError: unless σ² > 0.
    """
    if not noise_variance > 0:
        raise ValueError(f"noise variance {noise_variance}: the KL to N(0, 1) is finite only for σ² > 0")
    return 0.5 * (noise_variance - math.log(noise_variance) - 1)


def gaussian_kl(mu: Tensor, theta: Tensor, noise_variance: float | Tensor) -> Tensor:
    """KL(N(μ, θ² + σ²) ‖ N(0, 1)), the rate of an unquantized symbol (T = 0), exact.

    Args:
        mu: (...) means.
        theta: (...) standard deviations.
        noise_variance: σ² ≥ 0, one or of each feature; θ² + σ² must be positive.
    """
    variance = theta.square() + noise_variance
    return 0.5 * (mu.square() + variance - variance.log() - 1)


def kl_quadrature(pmf: Tensor, levels: Tensor, noise_variance: float, nodes: int = _NODES) -> Tensor:
    """D itself, by Gauss–Hermite quadrature on each component of the mixture (13).

    The reference that every bound and `device.rate.quadrature` are tested against; pass float64. 128 nodes are exact to
    2·10⁻⁸ nats, worst where neighbouring levels overlap by half. Memory: `nodes` numbers an element.
    """
    log_mixture = _mean_log_mixture(pmf, levels, noise_variance, nodes)
    log_reference = -0.5 * (math.log(2 * math.pi) + levels.square() + noise_variance)
    return (pmf * (log_mixture - log_reference)).sum(-1)


def level_entropy(pmf: Tensor, levels: Tensor, noise_variance: float, nodes: int = _NODES) -> Tensor:
    """H(Z̃ | Ẑ, x), what a receiver that knows x does not know of the level, by the same quadrature; nats."""
    log_mixture = _mean_log_mixture(pmf, levels, noise_variance, nodes)
    noise_entropy = 0.5 * (math.log(2 * math.pi * noise_variance) + 1)
    surprise: Tensor = torch.special.entr(pmf)
    return (surprise + pmf * (log_mixture + noise_entropy)).sum(-1)


def _lemma_1(log_pmf: Tensor, levels: Tensor, noise_variance: float, kappa: float) -> Tensor:
    """Equation (14) with κ as given."""
    pmf = log_pmf.exp()
    constant = math.log(len(levels)) + noise_kl(noise_variance)
    return (pmf * (log_pmf + kappa * levels.square())).sum(-1) + constant


def _mean_log_mixture(pmf: Tensor, levels: Tensor, noise_variance: float, nodes: int) -> Tensor:
    """E[log p(ẑ|x)] under each component N(c_t, σ²) of p(ẑ|x): (..., T + 1)."""
    points, weights = (torch.from_numpy(a).to(pmf) for a in np.polynomial.hermite_e.hermegauss(nodes))
    weights = weights / weights.sum()
    tiny = torch.finfo(pmf.dtype).tiny
    means = []
    for level in levels:
        distance = (level - levels.unsqueeze(-1)) / noise_variance**0.5 + points
        components = torch.exp(-0.5 * distance.square()) / (2 * math.pi * noise_variance) ** 0.5
        # A density below the smallest number belongs to a level of probability 0, which multiplies it later.
        means.append((pmf @ components).clamp_min(tiny).log() @ weights)
    return torch.stack(means, dim=-1)
