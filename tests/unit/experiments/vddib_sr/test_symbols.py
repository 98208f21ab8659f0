import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from splitwave.experiments.vddib_sr.symbols import on_air, payload_bits, round_to_bits

UNIT = st.floats(0, 1, width=32)


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 8])
def test_n_bits_are_all_of_2_to_the_n_equally_spaced_levels(bits: int) -> None:
    levels = torch.tensor(sorted(set(round_to_bits(torch.linspace(0, 1, 10_001), bits).tolist())))
    torch.testing.assert_close(levels, torch.linspace(0, 1, 2**bits))
    assert len(levels) == 2**bits


@given(st.lists(UNIT, min_size=1, max_size=20), st.integers(1, 8))
def test_a_symbol_is_rounded_to_the_nearest_level_and_again_to_itself(values: list[float], bits: int) -> None:
    """In float32 arithmetic on [0, 1], the half-way point may be off by a few times 2⁻²⁴."""
    u = torch.tensor(values)
    rounded = round_to_bits(u, bits)
    assert ((rounded - u).abs() <= 0.5 / (2**bits - 1) + 2**-22).all()
    assert torch.equal(round_to_bits(rounded, bits), rounded)


@pytest.mark.parametrize("bits", [0, 1, 4])
def test_the_gradient_passes_the_rounding_unchanged(bits: int) -> None:
    u = torch.linspace(0, 1, 11).requires_grad_()
    weights = torch.arange(11.0)
    (round_to_bits(u, bits) * weights).sum().backward()  # type: ignore[no-untyped-call]
    assert u.grad is not None
    assert torch.equal(u.grad, weights)


def test_0_bits_do_not_change_symbols_and_count_as_a_float32() -> None:
    u = torch.rand(5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(round_to_bits(u, 0), u)
    assert [payload_bits(bits) for bits in (0, 1, 4)] == [32, 1, 4]


def test_one_bit_symbols_have_power_1_and_no_symbols_exceed_it() -> None:
    assert on_air(round_to_bits(torch.tensor([0.1, 0.9]), 1)).tolist() == [-1.0, 1.0]
    assert on_air(round_to_bits(torch.linspace(0, 1, 101), 3)).abs().max().item() == 1.0
