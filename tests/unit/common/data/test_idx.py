"""The IDX reader, tested with files that are built byte by byte."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from splitwave.common.data.content import read_content, verified_content
from splitwave.common.data.idx import parse_idx
from splitwave.common.errors import DataError

TWO_BY_THREE = b"\x00\x00\x08\x02" + struct.pack(">2I", 2, 3) + bytes([0, 1, 2, 253, 254, 255])
SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1


def encode_idx(array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.mark.parametrize("packed", [False, True])
def test_plain_and_gzipped_files_give_the_same_array(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "digits"
    path.write_bytes(gzip.compress(TWO_BY_THREE) if packed else TWO_BY_THREE)

    array = parse_idx(read_content(path), str(path))

    assert array.dtype == np.uint8
    assert array.tolist() == [[0, 1, 2], [253, 254, 255]]
    assert array.flags.writeable


@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=1, max_dims=4, max_side=5)))
def test_any_array_survives_the_round_trip(array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    decoded = parse_idx(encode_idx(array), source="memory")

    assert decoded.shape == array.shape
    assert np.array_equal(decoded, array)


@given(st.integers(0, len(TWO_BY_THREE) - 1))
def test_a_truncated_file_is_refused_at_any_length(length: int) -> None:
    with pytest.raises(DataError, match="cut"):
        parse_idx(TWO_BY_THREE[:length], source="cut")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html>", r"not an IDX file: it starts with the bytes '3c 21 44 4f'"),
        (b"", "not an IDX file"),
        (b"\x00\x00\x0d\x01" + struct.pack(">I", 1) + b"\x00" * 4, "element type 0x0d, expected 0x08"),
        (b"\x00\x00\x08\x00" + b"\x01", "0 IDX dimensions, expected 1 to 4"),
        (b"\x00\x00\x08\x05" + struct.pack(">5I", 1, 1, 1, 1, 1) + b"\x01", "5 IDX dimensions"),
        (b"\x00\x00\x08\x02" + struct.pack(">I", 2), "ends within the header of 2 sizes"),
        (b"\x00\x00\x08\x02" + struct.pack(">2I", 0, 2**32 - 1), "hold no elements"),
        (TWO_BY_THREE[:-1], r"5 bytes of elements where the sizes \(2, 3\) need 6"),
        (TWO_BY_THREE + b"\x00", r"7 bytes of elements where the sizes \(2, 3\) need 6"),
        (b"\x00\x00\x08\x01" + struct.pack(">I", 2**32 - 1), r"0 bytes .* need 4294967295"),
    ],
)
def test_content_that_is_not_exactly_one_array_of_bytes_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "digits"
    path.write_bytes(content)

    with pytest.raises(DataError, match=message) as refusal:
        parse_idx(read_content(path), str(path))

    assert str(path) in str(refusal.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere cannot be read"):
        parse_idx(read_content(tmp_path / "nowhere"), str(tmp_path / "nowhere"))


@pytest.mark.parametrize("cut_at", [2, 12, -6])
def test_a_damaged_gzip_file_is_a_data_error(tmp_path: Path, cut_at: int) -> None:
    path = tmp_path / "digits.gz"
    path.write_bytes(gzip.compress(TWO_BY_THREE)[:cut_at])

    with pytest.raises(DataError, match="cannot be read"):
        parse_idx(read_content(path), str(path))


@pytest.mark.parametrize("position", [3, 14, -6])
def test_a_gzip_file_with_a_changed_byte_is_a_data_error(tmp_path: Path, position: int) -> None:
    packed = bytearray(gzip.compress(TWO_BY_THREE, mtime=0))
    packed[position] ^= 0xFF
    path = tmp_path / "digits.gz"
    path.write_bytes(packed)

    with pytest.raises(DataError):
        verified_content(path, SHA256_OF_ABC)


@pytest.mark.parametrize(
    "packed",
    [b"abc", gzip.compress(b"abc", 1), gzip.compress(b"abc", 9)],
    ids=["plain", "gzip level 1", "gzip level 9"],
)
def test_the_uncompressed_content_of_a_file_is_verified(tmp_path: Path, packed: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(packed)

    assert verified_content(path, SHA256_OF_ABC) == b"abc"


def test_other_content_is_refused_with_both_hashes(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abd")

    with pytest.raises(DataError, match=f"SHA-256 a52d159f.* where {SHA256_OF_ABC} was expected"):
        verified_content(path, SHA256_OF_ABC)
