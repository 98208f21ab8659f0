"""The source `idx`: which files are found, and which are refused, in one line and bounded memory."""

import gzip
import re
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from splitwave.common.data.catalog import find, inspect, load_images
from splitwave.common.data.sources import idx_files
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.errors import DataError, MissingDataError

OPTIONS = SourceOptions("idx", path="set")


def idx(array: NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def images(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, 5, 4), dtype=np.uint8)


def labels(count: int) -> NDArray[np.uint8]:
    return np.arange(count, dtype=np.uint8) % 3


def write(folder: Path, train: str = "train", test: str = "t10k", end: str = "-idx{}-ubyte", *, packed: bool) -> None:
    folder.mkdir(parents=True)
    for name, count in ((train, 9), (test, 6)):
        for kind, array in (("images", images(count)), ("labels", labels(count))):
            content = idx(array)
            path = folder / f"{name}-{kind}{end.format(array.ndim)}{'.gz' if packed else ''}"
            path.write_bytes(gzip.compress(content) if packed else content)


@pytest.mark.parametrize(
    ("folder", "train", "test", "end"),
    [
        (".", "train", "t10k", "-idx{}-ubyte"),
        (".", "train", "t10k", ".idx{}-ubyte"),
        (".", "train", "test", "-idx{}-ubyte"),
        ("raw", "train", "t10k", "-idx{}-ubyte"),
        ("MNIST/raw", "train", "t10k", "-idx{}-ubyte"),
        (".", "emnist-letters-train", "emnist-letters-test", "-idx{}-ubyte"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_usual_names_and_layouts_are_found(
    tmp_path: Path, folder: str, train: str, test: str, end: str, packed: bool
) -> None:
    write(tmp_path / "set" / folder, train, test, end, packed=packed)

    facts = inspect(OPTIONS, tmp_path)

    assert facts.shapes == ((1, 5, 4),)
    assert facts.classes == 3
    np.testing.assert_array_equal(idx_files.read_inputs(OPTIONS, "train", tmp_path), images(9))
    np.testing.assert_array_equal(idx_files.read_targets(OPTIONS, "test", tmp_path), labels(6))


def test_a_digest_does_not_depend_on_names_or_compression(tmp_path: Path) -> None:
    write(tmp_path / "a" / "set", packed=False)
    write(tmp_path / "b" / "set" / "raw", packed=True)
    assert inspect(OPTIONS, tmp_path / "a") == inspect(OPTIONS, tmp_path / "b")


def test_the_files_of_two_data_sets_in_one_folder_are_refused(tmp_path: Path) -> None:
    for name in ("letters", "digits"):
        write(tmp_path / name, f"emnist-{name}-train", f"emnist-{name}-test", packed=True)
    (tmp_path / "set").mkdir()
    for path in [*tmp_path.glob("letters/*"), *tmp_path.glob("digits/*")]:
        path.rename(tmp_path / "set" / path.name)
    expected = "several files of train images: emnist-digits-train-images-idx3-ubyte, emnist-letters-train-images"
    with pytest.raises(DataError, match=expected):
        inspect(OPTIONS, tmp_path)


@pytest.mark.parametrize("path", ["../elsewhere", "/etc", "set/../../x"])
def test_a_path_outside_of_the_data_directory_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(DataError, match=rf"data\.path = {re.escape(path)}: expected a path within the data directory"):
        inspect(SourceOptions("idx", path=path), tmp_path)


def test_missing_data_are_reported_as_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="reads from the data directory, and none is named"):
        inspect(OPTIONS, None)
    with pytest.raises(MissingDataError, match=r"set does not exist"):
        inspect(OPTIONS, tmp_path)
    (tmp_path / "set").mkdir()
    with pytest.raises(MissingDataError, match=r"no IDX file of train images .* such as train-images-idx3-ubyte"):
        inspect(OPTIONS, tmp_path)


def damage(tmp_path: Path, name: str, content: bytes) -> Path:
    write(tmp_path / "set", packed=False)
    path = tmp_path / "set" / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (idx(images(9))[:-1], "179 bytes of elements where the sizes (9, 5, 4) need 180"),
        (idx(images(9)) + b"\0", "more bytes of elements than the 180 of the sizes (9, 5, 4)"),
        (gzip.compress(idx(images(9)))[:-9], "cannot be read: Compressed file ended before"),
        (gzip.compress(idx(images(9)))[:-5] + b"12345", "cannot be read: CRC check failed"),
        (b"GIF89a", "is not an IDX file"),
        (b"", "is not an IDX file"),
        (b"\0\0\x0d\x03" + bytes(12), "IDX element type 0x0d, expected 0x08"),
        (b"\0\0\x08\xff" + bytes(2000), "255 IDX dimensions, expected 1 to 4"),
        (b"\0\0\x08\x03\0\0\0", "ends within the header"),
        (b"\0\0\x08\x04" + b"\xff" * 16, "at most 4,294,967,296 are read"),
        (idx(images(8)), "idx set: 8 train inputs, and 9 train targets: expected one each"),
    ],
)
def test_damaged_files_are_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    damage(tmp_path, "train-images-idx3-ubyte", content)
    with pytest.raises(DataError, match=re.escape(reason)) as caught:
        inspect(OPTIONS, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_class_without_training_samples_is_refused_unless_the_settings_count_it(tmp_path: Path) -> None:
    damage(tmp_path, "train-labels-idx1-ubyte", idx(labels(9) * 2))
    with pytest.raises(DataError, match=r"idx set: class 1 has no training sample, .*set data.classes = 5"):
        inspect(OPTIONS, tmp_path)
    assert inspect(SourceOptions("idx", path="set", classes=7), tmp_path).classes == 7
    with pytest.raises(DataError, match=r"class 4 among the labels: data.classes = 4 allows 0 to 3"):
        inspect(SourceOptions("idx", path="set", classes=4), tmp_path)


def test_a_gzip_bomb_takes_no_more_memory_than_its_header_announces(tmp_path: Path) -> None:
    bomb = gzip.compress(idx(images(9)) + bytes(200 << 20))
    damage(tmp_path, "train-images-idx3-ubyte", bomb)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="more bytes of elements than the 180"):
            inspect(OPTIONS, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_other_data_than_those_of_the_settings_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "set", packed=False)
    known = SourceOptions("idx", path="set", facts=inspect(OPTIONS, tmp_path))
    assert find(known).verify("train", tmp_path) == 9
    (tmp_path / "set" / "train-images-idx3-ubyte").write_bytes(idx(images(9).transpose(0, 2, 1).copy()))
    with pytest.raises(DataError, match=r"\(C, H, W\) = \(1, 4, 5\), and the run is one of \(1, 5, 4\)"):
        load_images(known, "train", tmp_path)
