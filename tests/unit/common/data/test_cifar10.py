"""The binary format of CIFAR-10, and the two data sets that use it."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from splitwave.common.data.cifar10 import (
    CHECKSUMS_FILE,
    CIFAR10,
    CIFAR10_JPEG,
    IMPORTED_FOLDER,
    RECORD_BYTES,
    CifarFolder,
    checksum_list,
)
from splitwave.common.data.dataset import Split
from splitwave.common.errors import DataError

FILES = {"data_batch_1.bin": 3, "data_batch_2.bin": 2, "test_batch.bin": 1}


def records_of(count: int, seed: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    records = rng.integers(0, 256, (count, RECORD_BYTES), dtype=np.uint8)
    records[:, 0] = rng.integers(0, 10, count)
    return records


def write_data_set(data_dir: Path, contents: dict[str, bytes]) -> None:
    folder = data_dir / IMPORTED_FOLDER
    folder.mkdir()
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    checksums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    (folder / CHECKSUMS_FILE).write_text(checksum_list(checksums))


@pytest.fixture
def contents(tmp_path: Path) -> dict[str, bytes]:
    contents = {name: records_of(count, seed).tobytes() for seed, (name, count) in enumerate(FILES.items())}
    write_data_set(tmp_path, contents)
    return contents


@pytest.mark.parametrize(("split", "seeds"), [("train", [0, 1]), ("test", [2])])
@pytest.mark.usefixtures("contents")
def test_a_split_contains_the_records_of_its_files_in_order(split: Split, seeds: list[int], tmp_path: Path) -> None:
    records = np.concatenate([records_of(list(FILES.values())[seed], seed) for seed in seeds])

    images, labels = CIFAR10_JPEG.load_images(split, tmp_path), CIFAR10_JPEG.load_labels(split, tmp_path)

    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    assert images.flags.writeable
    assert labels.tolist() == records[:, 0].tolist()
    for row, column in [(0, 0), (0, 31), (17, 4), (31, 31)]:  # 1 + 1024·plane + 32·row + column
        place = 1 + 1024 * np.arange(3) + 32 * row + column
        assert np.array_equal(images[:, :, row, column], records[:, place])


def test_the_digest_of_a_split_is_the_hash_of_its_files(contents: dict[str, bytes], tmp_path: Path) -> None:
    train = contents["data_batch_1.bin"] + contents["data_batch_2.bin"]
    assert CIFAR10_JPEG.content_digest("train", tmp_path) == hashlib.sha256(train).hexdigest()
    assert CIFAR10_JPEG.content_digest("test", tmp_path) == hashlib.sha256(contents["test_batch.bin"]).hexdigest()


def test_a_file_that_changed_since_it_was_imported_is_refused(contents: dict[str, bytes], tmp_path: Path) -> None:
    path = tmp_path / IMPORTED_FOLDER / "data_batch_2.bin"
    path.write_bytes(contents["data_batch_1.bin"])
    with pytest.raises(DataError, match=r"cifar10-jpeg: .*data_batch_2.bin holds other data: SHA-256"):
        CIFAR10_JPEG.load_labels("train", tmp_path)
    assert len(CIFAR10_JPEG.load_labels("test", tmp_path)) == 1


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"\x00" * (RECORD_BYTES - 1), "3072 bytes of test images are not records of 3073"),
        (b"", "0 bytes of test images"),
        (b"\x0a" + b"\x00" * (RECORD_BYTES - 1), "class 10 among the test images, expected 0 to 9"),
    ],
)
def test_a_file_of_another_format_is_refused(content: bytes, named: str, tmp_path: Path) -> None:
    write_data_set(tmp_path, {"test_batch.bin": content})
    with pytest.raises(DataError, match=named):
        CIFAR10_JPEG.load_images("test", tmp_path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (None, CHECKSUMS_FILE),
        ("0123", f"{CHECKSUMS_FILE} is not a list of checksums"),
        ("0123  data_batch_9.bin", "data_batch_9.bin cannot be read"),
    ],
)
def test_an_imported_folder_without_its_list_of_checksums_is_refused(
    text: str | None, named: str, tmp_path: Path
) -> None:
    folder = tmp_path / IMPORTED_FOLDER
    folder.mkdir()
    if text is not None:
        (folder / CHECKSUMS_FILE).write_text(text)
    with pytest.raises(DataError, match=named):
        CIFAR10_JPEG.load_images("train", tmp_path)


@pytest.mark.parametrize(
    ("data_set", "how"), [(CIFAR10, "cifar-10-binary.tar.gz"), (CIFAR10_JPEG, "splitwave data import-images")]
)
def test_the_error_for_missing_data_explains_how_to_get_them(data_set: CifarFolder, how: str, tmp_path: Path) -> None:
    for data_dir, named in ((None, "none was named"), (tmp_path, f"{tmp_path / data_set.folder} does not exist")):
        with pytest.raises(DataError) as refusal:
            data_set.load_images("train", data_dir)
        for part in (data_set.name, named, how, "SPLITWAVE_DATA_DIR"):
            assert part in str(refusal.value)


@pytest.mark.usefixtures("contents")
def test_cifar10_accepts_only_the_published_files(tmp_path: Path) -> None:
    (tmp_path / IMPORTED_FOLDER).rename(tmp_path / CIFAR10.folder)
    with pytest.raises(DataError, match=r"cifar10: .*test_batch.bin holds other data: MD5 .* 803d5f7f4d78ea53"):
        CIFAR10.load_images("test", tmp_path)
