"""Rounding to bfloat16, compared with that of torch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from splitwave.common.wire_dtype import from_bfloat16, rounded, to_bfloat16

WORDS = np.arange(1 << 16, dtype=np.uint16)


def assert_as_torch(values: NDArray[np.float32]) -> None:
    expected = torch.from_numpy(values).to(torch.bfloat16).float().numpy()
    np.testing.assert_array_equal(rounded(values, "bfloat16"), expected)


@pytest.mark.parametrize("lower_half", [0x0000, 0x0001, 0x7FFF, 0x8000, 0x8001, 0xFFFF])
def test_numbers_around_each_bfloat16_and_between_two_are_rounded_as_torch_does(lower_half: int) -> None:
    assert_as_torch(((WORDS.astype(np.uint32) << 16) | lower_half).view(np.float32))


@given(hnp.arrays(np.float32, hnp.array_shapes(), elements=st.floats(width=32)))
def test_any_numbers_are_rounded_as_torch_does(values: NDArray[np.float32]) -> None:
    assert_as_torch(values)


def test_words_are_the_bits_that_torch_has() -> None:
    values = from_bfloat16(WORDS)
    words = torch.from_numpy(values).to(torch.bfloat16).view(torch.int16).numpy().view(np.uint16)
    numbers = ~np.isnan(values)
    np.testing.assert_array_equal(to_bfloat16(values)[numbers], words[numbers])


def test_rounding_again_changes_nothing() -> None:
    values = rounded(np.random.default_rng(0).standard_normal((3, 4, 5), dtype=np.float32), "bfloat16")
    np.testing.assert_array_equal(rounded(values, "bfloat16"), values)


def test_an_array_in_another_order_is_rounded_in_place_of_each_value() -> None:
    values = np.random.default_rng(0).standard_normal((4, 6), dtype=np.float32)
    np.testing.assert_array_equal(rounded(values.T[::2], "bfloat16"), rounded(values, "bfloat16").T[::2])


def test_float32_is_not_copied() -> None:
    values = np.ones((1, 2, 3), dtype=np.float32)
    assert rounded(values, "float32") is values
