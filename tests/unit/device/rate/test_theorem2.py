"""Theorem 2 of QML-IB: how far the KL upper bound D* may lie above the KL itself."""

import math
from typing import Literal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.pmf import symbol_log_pmf
from splitwave.device.rate.bounds.tight import TIGHT
from splitwave.device.rate.mixture import kl_quadrature


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


@settings(max_examples=100)
@given(st.sampled_from([1, 2, 6, 15]), st.integers(0, 2**31), st.floats(1e-3, 0.999), st.floats(0.01, 8))
def test_corrected_bound_covers_the_gap_of_the_tight_bound(
    breakpoints: int, seed: int, variance: float, tail: float
) -> None:
    rng = torch.Generator().manual_seed(seed)
    mu = 2 * torch.rand(20, dtype=torch.float64, generator=rng) - 1
    theta = 0.01 + torch.rand(20, dtype=torch.float64, generator=rng)
    codebook = Codebook(breakpoints).double()
    log_pmf = symbol_log_pmf(mu, theta, codebook.breakpoints())
    gap = TIGHT.definition(log_pmf, codebook.levels(), variance)
    gap = gap - kl_quadrature(log_pmf.exp(), codebook.levels(), variance)
    assert (gap <= gap_bound(log_pmf, variance, tail=tail)).all()


def test_both_constants_match_a_hand_calculation() -> None:
    # T = 1, P = (½, ½), σ = ½, R = 1 + 4σ = 3: ε = 16/(2/4) = 32; ½ N(0; 0, ¼) = 1/√(2π).
    log_pmf = torch.full((2,), -math.log(2), dtype=torch.float64)
    c_0 = 0.5 * math.log(2 * math.pi)
    tails = math.log(2) * math.erfc(4 / math.sqrt(2))
    corrected = gap_bound(log_pmf, 0.25, tail=4.0)
    assert corrected.item() == pytest.approx(c_0 + 32 + 1 + tails, rel=1e-12)
    paper = gap_bound(log_pmf, 0.25, constant="paper", tail=4.0)
    assert paper.item() == pytest.approx(c_0 + math.log(32) + 1 + tails, rel=1e-12)


@pytest.mark.parametrize("variance", [0.0, 1.0, 2.0, -0.5, math.nan])
def test_noise_outside_the_theorem_is_refused(variance: float) -> None:
    with pytest.raises(ValueError, match="0 < σ² < 1"):
        gap_bound(torch.zeros(2), variance)
