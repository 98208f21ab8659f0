import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.pmf import symbol_log_pmf, symbol_pmf
from splitwave.device.quantization.quantizer import level_indices

DTYPES = [torch.float32, torch.float64]
TAIL = [-203.91715537228816, -224.46571583141447]
"""log(Q(20) − Q(21)) and log Q(21), from 40-digit arithmetic."""


def encoded(count: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(0)
    mu = 2 * torch.rand(count, generator=rng, dtype=dtype) - 1
    return mu, 0.01 + 0.4 * torch.rand(count, generator=rng, dtype=dtype)


@pytest.mark.parametrize("breakpoints", [1, 2, 6, 15, 255])
@pytest.mark.parametrize("dtype", DTYPES)
def test_probabilities_sum_to_one(breakpoints: int, dtype: torch.dtype) -> None:
    mu, theta = encoded(1000, dtype)
    pmf = symbol_pmf(mu, theta, Codebook(breakpoints).to(dtype).breakpoints())
    # A float's breakpoints of relative error eps at |x| ≤ 200 standard deviations move a cell's edge, not the sum.
    torch.testing.assert_close(pmf.sum(-1), torch.ones(1000, dtype=dtype), atol=1e3 * torch.finfo(dtype).eps, rtol=0)


def test_frequencies_of_drawn_symbols_match() -> None:
    breakpoints = Codebook(6).double().breakpoints().detach()
    mu, theta = encoded(5)
    draws = 200_000
    noise = torch.randn(draws, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    indices = level_indices(mu + theta * noise, breakpoints)
    counts = torch.stack([(indices == level).sum(0) for level in range(7)], dim=-1)
    pmf = symbol_pmf(mu, theta, breakpoints)
    deviation = (counts - draws * pmf).abs()
    # Bernstein: P(|count − np| > a) ≤ 2 exp(−a²/(2(np + a/3))), here with exponent 15 in each of 35 cells.
    assert (deviation <= 10 + (30 * draws * pmf).sqrt()).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("mirror", [1, -1])
def test_tails_keep_their_relative_accuracy(dtype: torch.dtype, mirror: int) -> None:
    # The differences F(b_{t+1}) − F(b_t) as printed are 0 in the upper tail.
    breakpoints = torch.tensor([20.0, 21.0] if mirror == 1 else [-21.0, -20.0], dtype=dtype)
    log_pmf = symbol_log_pmf(torch.zeros((), dtype=dtype), torch.ones((), dtype=dtype), breakpoints)
    tail = log_pmf[1:] if mirror == 1 else log_pmf[:-1].flip(0)
    expected = torch.tensor(TAIL, dtype=dtype)
    torch.testing.assert_close(tail, expected, rtol=4 * torch.finfo(dtype).eps, atol=0)


@pytest.mark.parametrize("dtype", DTYPES)
@given(mu=st.floats(-1e3, 1e3), theta=st.floats(0, 1e3), seed=st.integers(0, 100))
def test_values_and_gradients_are_finite_everywhere(dtype: torch.dtype, mu: float, theta: float, seed: int) -> None:
    scatter = torch.randn(7, dtype=dtype, generator=torch.Generator().manual_seed(seed))
    breakpoints = torch.cat([scatter, scatter[:2]]).sort().values  # ties: cells of no width
    arguments = [
        torch.tensor(mu, dtype=dtype, requires_grad=True),
        torch.tensor(theta, dtype=dtype, requires_grad=True),
        breakpoints.requires_grad_(),
    ]
    log_pmf = symbol_log_pmf(*arguments)
    assert log_pmf.isfinite().all()
    assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(log_pmf.sum(), arguments))


def test_gradients_match_finite_differences() -> None:
    mu, theta = encoded(6)
    arguments = [t.detach().requires_grad_() for t in (mu, theta + 0.1, Codebook(4).double().breakpoints())]
    assert torch.autograd.gradcheck(symbol_log_pmf, arguments)
