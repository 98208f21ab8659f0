"""The quantizer of boards gives the levels of the quantizer of training, ties included."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from splitwave.device.inference.part_encoder import array_level_indices
from splitwave.device.quantization.quantizer import level_indices

singles = st.floats(-2, 2, width=32)


@given(
    breakpoints=arrays.arrays(np.float32, st.integers(1, 255), elements=singles).map(np.sort),
    features=arrays.arrays(np.float32, st.integers(1, 40), elements=singles),
    data=st.data(),
)
def test_both_quantizers_give_equal_levels_on_and_beside_breakpoints(
    breakpoints: np.ndarray, features: np.ndarray, data: st.DataObject
) -> None:
    ties = data.draw(arrays.arrays(np.int64, 20, elements=st.integers(0, len(breakpoints) - 1)))
    on = breakpoints[ties]
    z = np.concatenate([features, on, np.nextafter(on, np.float32(-9)), np.nextafter(on, np.float32(9))])
    expected = level_indices(torch.from_numpy(z), torch.from_numpy(breakpoints)).numpy()
    found = array_level_indices(z, breakpoints)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("count", [1, 200_000])
def test_both_give_a_tie_to_the_upper_level_whichever_way_torch_counts(count: int) -> None:
    breakpoints = np.array([-0.5, 0.0, 0.0, 0.5], np.float32)
    z = np.tile(np.array([-0.5, 0.0, 0.5, np.nan, -np.inf, np.inf], np.float32), count)
    found = array_level_indices(z, breakpoints)
    assert found[:6].tolist() == [1, 3, 4, 4, 0, 4]
    np.testing.assert_array_equal(found, level_indices(torch.from_numpy(z), torch.from_numpy(breakpoints)).numpy())
