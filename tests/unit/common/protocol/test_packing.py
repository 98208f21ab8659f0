import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from splitwave.common.protocol.packing import pack, packed_size, unpack


@given(st.data(), st.integers(1, 8))
def test_unpack_reverses_pack_and_the_size_is_as_calculated(data: st.DataObject, bits: int) -> None:
    shape = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=9)
    indices = data.draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, 2**bits - 1)))
    packed = pack(indices, bits)
    assert len(packed) == packed_size(indices.size, bits) == -(-indices.size * bits // 8)
    np.testing.assert_array_equal(unpack(packed, indices.size, bits).reshape(indices.shape), indices)


@pytest.mark.parametrize(
    ("bits", "packed"),
    [
        (1, bytes([0b10110000])),
        (2, bytes([0b01000101])),
        (3, bytes([0b00100000, 0b10010000])),
        (4, bytes([0x10, 0x11])),
        (8, bytes([1, 0, 1, 1])),
    ],
)
def test_the_most_significant_bit_is_first_and_zeros_are_at_the_end(bits: int, packed: bytes) -> None:
    assert pack(np.array([1, 0, 1, 1], dtype=np.uint8), bits) == packed


def test_an_odd_number_of_4_bit_symbols_is_padded() -> None:
    assert pack(np.array([1, 2, 15], dtype=np.uint8), 4) == bytes([0x12, 0xF0])
    np.testing.assert_array_equal(unpack(bytes([0x12, 0xF0]), 3, 4), [1, 2, 15])
