import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from splitwave.channel.digital.bits import bits_of, numbers_of


@given(st.integers(1, 8), st.integers(0, 7), st.integers(0, 2**32))
def test_bits_are_those_of_numpy_and_give_the_numbers_again(size: int, count: int, seed: int) -> None:
    numbers = np.random.default_rng(seed).integers(0, 1 << size, (3, count)).astype(np.uint8)
    bits = bits_of(numbers, size)
    expected = np.unpackbits(numbers[..., None], axis=-1)[..., 8 - size :]
    np.testing.assert_array_equal(bits, expected.reshape(3, count * size))
    np.testing.assert_array_equal(numbers_of(bits, size), numbers)
