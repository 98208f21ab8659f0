import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.pmf import symbol_log_pmf
from splitwave.device.rate.bounds.tight import TIGHT
from splitwave.device.rate.mixture import kl_quadrature
from splitwave.device.rate.theorem2 import gap_bound


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
