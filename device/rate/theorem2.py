"""Theorem 2: how far the KL upper bound D* may lie above the KL itself."""

import math
from typing import Literal

from torch import Tensor


def gap_bound(
    log_pmf: Tensor,
    noise_variance: float,
    *,
    constant: Literal["corrected", "paper"] = "corrected",
    tail: float = 5.0,
) -> Tensor:
    """Upper bound 2T/(T+1)·C + 2δ of bound `tight` − D, per dimension  [QML-IB, eq. (19), Theorem 2].

    The constants of the paper's Appendix B are a reconstruction. With x_t(ẑ) = P(c_t) N(ẑ; c_t, σ²),
    f(x) = x log x and x̄ = Σ_t x_t / (T+1), the gap is ∫ Σ_t [f(x_t) − f(x̄)] dẑ.

    - Where |ẑ| ≤ R = 1 + tail·σ, the mean value theorem gives |f(x_t) − f(x̄)| ≤ |log ξ + 1|·|x_t − x̄|, ξ in
      [C_min e^−ε, C_max], C_min and C_max the extremes of P(c_t)/(√(2π) σ), and ε = (R+1)²/(2σ²). Hence
      C = C_0 + ε + 1 with C_0 = max(|log C_min|, |log C_max|), and ∫ Σ_t |x_t − x̄| dẑ ≤ 2T/(T+1).
    - Beyond R the integrand is at most p(ẑ) log(T+1), and 2δ = log(T+1)·erfc(tail/√2) covers both tails.

    The paper prints log ε for ε, which does not follow; `paper` gives that constant, `corrected` what holds.
    Neither covers bound `paper`. The sum over d dimensions has the paper's 2Td/(T+1)·C + 2dδ.

    Args:
        log_pmf: (..., T + 1) log-probabilities of the levels.
        noise_variance: σ² in (0, 1), as the theorem assumes.
        constant: which C.
        tail: how far R lies beyond the outermost levels, in units of σ; the bound holds for every value > 0.

    Returns:
        (...) nats; infinite where a level has probability 0.

    Raises:
        ValueError: if σ² is not in (0, 1).
    """
    if not 0 < noise_variance < 1:
        raise ValueError(f"noise variance {noise_variance}: Theorem 2 holds for 0 < σ² < 1")
    levels = log_pmf.shape[-1]
    log_density = log_pmf - 0.5 * math.log(2 * math.pi * noise_variance)
    c_0 = log_density.abs().amax(-1)
    epsilon = (2 + tail * noise_variance**0.5) ** 2 / (2 * noise_variance)
    c = c_0 + (epsilon if constant == "corrected" else math.log(epsilon)) + 1
    return 2 * (levels - 1) / levels * c + math.log(levels) * math.erfc(tail / math.sqrt(2))
