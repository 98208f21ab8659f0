"""MNIST in a data directory; tests of the real files need SPLITWAVE_DATA_DIR to name a folder with them."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from splitwave.common.data import mnist
from splitwave.common.data.content import read_content
from splitwave.common.data.dataset import Split
from splitwave.common.errors import DataError

IMPOSTOR = b"\x00\x00\x08\x03\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x07"


@pytest.fixture
def data_dir() -> Path:
    folder = os.environ.get("SPLITWAVE_DATA_DIR")
    if folder is None:
        pytest.skip("needs the real MNIST: set SPLITWAVE_DATA_DIR to a folder that holds its four files")
    return Path(folder)


@pytest.mark.parametrize(
    ("split", "count", "first_labels", "per_class"),
    [
        (
            "train",
            60_000,
            [5, 0, 4, 1, 9],
            [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        ),
        ("test", 10_000, [7, 2, 1, 0, 4], [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]),
    ],
)
def test_the_real_files_hold_the_published_digits(
    data_dir: Path, split: Split, count: int, first_labels: list[int], per_class: list[int]
) -> None:
    images = mnist.load_images(split, data_dir)
    labels = mnist.load_labels(split, data_dir)

    assert images.dtype == np.uint8
    assert images.shape == (count, 28, 28)
    assert labels.dtype == np.int64
    assert labels[:5].tolist() == first_labels
    assert np.bincount(labels).tolist() == per_class


def test_the_training_pixels_have_the_published_mean(data_dir: Path) -> None:
    images = mnist.load_images("train", data_dir)

    assert images.mean(dtype=np.float64) / 255 == pytest.approx(0.1307, abs=5e-5)


def test_images_load_without_labels_and_from_plain_files(data_dir: Path, tmp_path: Path) -> None:
    images = mnist.load_images("test", data_dir)
    header = b"\x00\x00\x08\x03" + np.array(images.shape, dtype=">u4").tobytes()
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(header + images.tobytes())

    assert np.array_equal(mnist.load_images("test", tmp_path), images)
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte is missing"):
        mnist.load_labels("test", tmp_path)


def test_labels_load_without_images_and_from_another_gzip_file(data_dir: Path, tmp_path: Path) -> None:
    labels = mnist.load_labels("test", data_dir)
    content = b"\x00\x00\x08\x01" + np.array(labels.shape, dtype=">u4").tobytes()
    content += labels.astype(np.uint8).tobytes()
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(content, 1))

    assert np.array_equal(mnist.load_labels("test", tmp_path), labels)
    with pytest.raises(DataError, match="t10k-images-idx3-ubyte is missing"):
        mnist.load_images("test", tmp_path)


def test_a_data_directory_that_does_not_exist_is_named_with_the_remedy(tmp_path: Path) -> None:
    absent = tmp_path / "absent"

    with pytest.raises(DataError) as refusal:
        mnist.load_images("train", absent)

    assert f"the data directory {absent} does not exist" in str(refusal.value)
    assert f"{mnist.MIRRORS[0]}train-images-idx3-ubyte.gz into {absent / 'mnist'}" in str(refusal.value)


def test_a_missing_file_is_reported_with_all_searched_places_and_is_not_downloaded(tmp_path: Path) -> None:
    name = "train-labels-idx1-ubyte"

    with pytest.raises(DataError) as refusal:
        mnist.load_labels("train", tmp_path)

    for place in (tmp_path / "mnist" / name, tmp_path / "mnist" / f"{name}.gz", tmp_path / name):
        assert str(place) in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["mnist/train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"])
def test_a_file_with_other_content_is_refused_by_its_hash(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(IMPOSTOR) if place.endswith(".gz") else IMPOSTOR)

    with pytest.raises(DataError) as refusal:
        mnist.load_images("train", tmp_path)

    assert f"{path} holds other data" in str(refusal.value)
    assert mnist.SHA256["train-images-idx3-ubyte"] in str(refusal.value)


def test_a_damaged_cached_download_is_refused_with_the_advice_to_delete_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "splitwave" / "mnist" / "t10k-images-idx3-ubyte.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(IMPOSTOR))

    with pytest.raises(DataError) as refusal:
        mnist.load_images("test", None)

    assert f"{path} holds other data" in str(refusal.value)
    assert "Delete it to have it downloaded again" in str(refusal.value)


def test_verifying_checks_images_and_labels_of_a_split(data_dir: Path, tmp_path: Path) -> None:
    assert (mnist.verify("train", data_dir), mnist.verify("test", data_dir)) == (60_000, 10_000)

    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(mnist.load_images("test", data_dir)))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(IMPOSTOR)
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte holds other data"):
        mnist.verify("test", tmp_path)


def idx(array: NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes() + array.tobytes()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_files_that_an_archiver_named_with_a_dot_are_found(data_dir: Path, tmp_path: Path, suffix: str) -> None:
    real = next(path for path in data_dir.rglob("t10k-labels-idx1-ubyte*"))
    content = read_content(real)
    (tmp_path / f"t10k-labels.idx1-ubyte{suffix}").write_bytes(gzip.compress(content) if suffix else content)

    assert mnist.load_labels("test", tmp_path)[:5].tolist() == [7, 2, 1, 0, 4]
