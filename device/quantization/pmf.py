"""The distribution of a quantized symbol given the input."""

import math

import torch
from torch import Tensor

MIN_SCALE = 1e-8
"""Lower limit of θ: breakpoints are never so close in practice, and 1/θ² stays finite."""

_FARTHEST = 1e4
"""Upper limit of the distance between μ and a breakpoint, in standard deviations; log P there is below −10⁷."""


def symbol_log_pmf(mu: Tensor, theta: Tensor, breakpoints: Tensor) -> Tensor:
    """Logarithm of P(z̃ = c_t | x), z ~ N(μ, θ²) in the cell between two breakpoints  [QML-IB, eq. (10)(11)].

    The paper's F(b_{t+1}) − F(b_t) loses all digits in the upper tail, so each cell is reflected to the
    side of μ where the normal distribution function is small, and subtracted in the log domain. Finite
    everywhere, and so is its gradient: an empty cell gets one rounding error of the mass below it.

    Args:
        mu: (...) means.
        theta: (...) standard deviations, ≥ 0.
        breakpoints: (T,), non-decreasing.

    Returns:
        (..., T + 1) log-probabilities, nats.
    """
    scale = theta.clamp_min(MIN_SCALE).unsqueeze(-1)
    x = ((breakpoints - mu.unsqueeze(-1)) / scale).clamp(-_FARTHEST, _FARTHEST)
    first = torch.special.log_ndtr(x[..., :1])
    last = torch.special.log_ndtr(-x[..., -1:])
    return torch.cat([first, _log_mass(x[..., :-1], x[..., 1:]), last], dim=-1)


def symbol_pmf(mu: Tensor, theta: Tensor, breakpoints: Tensor) -> Tensor:
    """P(z̃ = c_t | x), (..., T + 1): the exponential of `symbol_log_pmf`."""
    return torch.exp(symbol_log_pmf(mu, theta, breakpoints))


def _log_mass(lower: Tensor, upper: Tensor) -> Tensor:
    """log(Φ(upper) − Φ(lower)) for lower ≤ upper."""
    reflect = lower + upper > 0
    near: Tensor = torch.special.log_ndtr(torch.where(reflect, -lower, upper))
    far = torch.special.log_ndtr(torch.where(reflect, -upper, lower))
    return near + _log1mexp((near - far).clamp_min(torch.finfo(near.dtype).eps))


def _log1mexp(x: Tensor) -> Tensor:
    """log(1 − e^−x) for x > 0, accurate at both ends (Mächler, 2012)."""
    small = torch.log(-torch.expm1(-x))
    # Without the clamp, the branch that is not taken would contribute 0·∞ to the gradient.
    large = torch.log1p(-torch.exp(-x.clamp_min(math.log(2))))
    return torch.where(x < math.log(2), small, large)
