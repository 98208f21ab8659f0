import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from splitwave.device.quantization.codebook import Codebook
from splitwave.device.quantization.quantizer import hard_quantize, level_indices, soft_quantize


def features(count: int, seed: int = 0) -> torch.Tensor:
    return 1.5 * torch.randn(count, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_a_level_index_counts_the_breakpoints_at_or_below() -> None:
    breakpoints = torch.tensor([-0.5, 0.0, 0.0, 0.5])
    z = torch.tensor([[-1.0, -0.5, -0.1], [0.0, 0.5, 9.0]])
    indices = level_indices(z, breakpoints)
    assert indices.dtype == torch.uint8
    assert indices.tolist() == [[0, 1, 1], [3, 4, 4]]


@pytest.mark.parametrize("count", [0, 1, 63, 64, 5000])
@pytest.mark.parametrize("breakpoints", [1, 3, 15, 255])
def test_few_features_are_searched_and_many_counted_alike(count: int, breakpoints: int) -> None:
    b = torch.linspace(-0.9, 0.9, breakpoints)
    z = torch.cat([features(count).float(), b[: count // 4], torch.full((count // 50,), math.nan)])

    expected = torch.bucketize(z, b, right=True)

    assert level_indices(z, b).tolist() == expected.tolist()


@pytest.mark.parametrize("samples", [2, 500])
def test_each_link_has_breakpoints_of_its_own(samples: int) -> None:
    b = torch.tensor([[-0.5, 0.0, 0.5], [0.1, 0.1, 0.2]])
    z = features(2 * samples * 4).float().view(2, samples, 4)

    assert torch.equal(level_indices(z, b), torch.stack([level_indices(z[0], b[0]), level_indices(z[1], b[1])]))


def test_level_indices_refuse_more_levels_than_a_byte_counts() -> None:
    with pytest.raises(ValueError, match="256 breakpoints"):
        level_indices(torch.zeros(1), torch.zeros(256))


@given(st.integers(1, 40), st.integers(0, 1000))
def test_hard_quantization_is_the_weighted_sum_of_signs(breakpoints: int, seed: int) -> None:
    codebook = Codebook(breakpoints).double()
    z = features(50, seed)
    signs = torch.sign(z.unsqueeze(-1) - codebook.breakpoints())  # z = b_t has probability 0
    torch.testing.assert_close(hard_quantize(z, codebook.levels(), codebook.breakpoints()), signs @ codebook.weights())


def test_soft_quantization_tends_to_hard_as_the_slope_grows() -> None:
    codebook = Codebook(6).double()
    b = codebook.breakpoints()
    z = features(1000)
    z = z[(z.unsqueeze(-1) - b).abs().amin(-1) > 0.01]
    hard = hard_quantize(z, codebook.levels(), b)
    errors = []
    for gamma in (1e2, 1e4, 1e6):
        error = (soft_quantize(z, codebook.weights(), b, gamma) - hard).abs().max().item()
        # |1 − (2/π) arctan u| ≤ 2/(πu), with u ≥ 0.01 γ
        assert error <= 2 / (math.pi * 0.01 * gamma)
        errors.append(error)
    assert errors == sorted(errors, reverse=True)


@given(st.integers(1, 40), st.floats(0.1, 100), st.floats(-1e6, 1e6))
def test_soft_symbols_stay_within_the_outer_levels(breakpoints: int, gamma: float, z: float) -> None:
    codebook = Codebook(breakpoints).double()
    symbol = soft_quantize(torch.tensor(z, dtype=torch.float64), codebook.weights(), codebook.breakpoints(), gamma)
    assert abs(symbol.item()) <= 1 + 1e-12


def test_soft_gradients_match_finite_differences() -> None:
    codebook = Codebook(4).double()
    arguments = [t.detach().requires_grad_() for t in (features(9), codebook.weights(), codebook.breakpoints())]
    assert torch.autograd.gradcheck(lambda z, w, b: soft_quantize(z, w, b, 10.0), arguments)
