import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from splitwave.device.quantization.codebook import Codebook

COUNTS = st.integers(1, 255)


def scattered_codebook(breakpoints: int, seed: int, spread: float = 1.0) -> Codebook:
    codebook = Codebook(breakpoints)
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in codebook.parameters():
            parameter.add_(spread * torch.randn(parameter.shape, generator=rng))
    return codebook


@pytest.mark.parametrize("breakpoints", [1, 2, 6, 15, 255])
def test_it_starts_as_the_uniform_quantizer(breakpoints: int) -> None:
    codebook = Codebook(breakpoints)
    levels = torch.linspace(-1, 1, breakpoints + 1)
    torch.testing.assert_close(codebook.weights(), torch.full((breakpoints,), 1 / breakpoints))
    torch.testing.assert_close(codebook.levels(), levels)
    torch.testing.assert_close(codebook.breakpoints(), (levels[1:] + levels[:-1]) / 2, atol=1e-5, rtol=0)


@given(COUNTS, st.integers(0, 2**31), st.floats(0, 30))
def test_order_and_range_hold_for_any_parameters(breakpoints: int, seed: int, spread: float) -> None:
    codebook = scattered_codebook(breakpoints, seed, spread)
    levels, weights = codebook.levels(), codebook.weights()
    assert (codebook.breakpoints().diff() >= 0).all()
    assert (levels.diff() >= 0).all()
    assert levels[0].item() == -1
    assert levels[-1].item() == 1
    assert (weights >= 0).all()
    # Each of T terms rounds to half an ulp of at most 1.
    assert abs(weights.sum().item() - 1) <= breakpoints * torch.finfo(torch.float32).eps


@given(COUNTS, st.integers(0, 2**31))
def test_levels_step_by_twice_the_weights(breakpoints: int, seed: int) -> None:
    codebook = scattered_codebook(breakpoints, seed).double()
    torch.testing.assert_close(codebook.levels().diff(), 2 * codebook.weights(), atol=1e-12, rtol=0)


@pytest.mark.parametrize("breakpoints", [1, 4])
def test_gradients_match_finite_differences(breakpoints: int) -> None:
    codebook = scattered_codebook(breakpoints, seed=0, spread=0.3).double()
    parameters = tuple(codebook.parameters())

    def results(*values: torch.Tensor) -> torch.Tensor:
        named = dict(zip(dict(codebook.named_parameters()), values, strict=True))
        outputs = [
            torch.func.functional_call(_Method(codebook, name), {f"codebook.{k}": v for k, v in named.items()}, ())
            for name in ("weights", "breakpoints", "levels")
        ]
        return torch.cat(outputs)

    assert torch.autograd.gradcheck(results, parameters)


class _Method(torch.nn.Module):
    def __init__(self, codebook: Codebook, name: str) -> None:
        super().__init__()
        self.codebook = codebook
        self._name = name

    def forward(self) -> torch.Tensor:
        result: torch.Tensor = getattr(self.codebook, self._name)()
        return result


@pytest.mark.parametrize("breakpoints", [-1, 0, 256])
def test_a_count_that_no_byte_indexes_is_refused(breakpoints: int) -> None:
    with pytest.raises(ValueError, match=f"not {breakpoints}"):
        Codebook(breakpoints)
