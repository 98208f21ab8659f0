import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splitwave.channel.digital.outer_code import OUTER_CODES, Hamming74
from splitwave.common.config.channel_settings import DigitalSettings

CODE = Hamming74()


@given(st.sampled_from(sorted(OUTER_CODES)), st.integers(1, 23), st.integers(0, 2**32))
def test_what_was_coded_is_decoded_and_has_the_stated_length(name: str, bits: int, seed: int) -> None:
    sent = np.random.default_rng(seed).integers(0, 2, (2, 3, bits), dtype=np.uint8)
    coded = OUTER_CODES[name].encode(sent)
    settings = DigitalSettings.model_validate({"modulation": "bpsk", "code": name})
    assert coded.shape == (2, 3, settings.coded_bits(bits))
    np.testing.assert_array_equal(OUTER_CODES[name].decode(coded, bits), sent)


@given(st.integers(0, 15), st.integers(0, 6))
def test_any_one_error_in_a_code_word_is_corrected(number: int, place: int) -> None:
    data = np.array([(number >> shift) & 1 for shift in (3, 2, 1, 0)], dtype=np.uint8)
    coded = CODE.encode(data)
    coded[place] ^= 1
    np.testing.assert_array_equal(CODE.decode(coded, 4), data)


def test_two_errors_are_too_many() -> None:
    coded = CODE.encode(np.zeros(4, dtype=np.uint8))
    coded[:2] ^= 1
    assert CODE.decode(coded, 4).any()


def test_code_words_are_those_of_komm() -> None:
    komm = pytest.importorskip("komm", reason="the extra `radio-test` is not installed")
    theirs = komm.HammingCode(3)
    data = np.unpackbits(np.arange(16, dtype=np.uint8)[:, None], axis=1)[:, 4:]
    np.testing.assert_array_equal(CODE.encode(data), theirs.encode(data))
    received = np.unpackbits(np.arange(128, dtype=np.uint8)[:, None], axis=1)[:, 1:]
    decoder = komm.SyndromeTableDecoder(theirs)
    np.testing.assert_array_equal(CODE.decode(received, 4), decoder.decode(received))
