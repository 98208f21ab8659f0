"""The source `npz`: arrays of numbers, and refusals of everything else, in one line and bounded memory."""

import io
import re
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from splitwave.common.data.catalog import find, inspect, load_images
from splitwave.common.data.sources.npz import read_array
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.data.sources.source_data import SourceData
from splitwave.common.errors import DataError

OPTIONS = SourceOptions("npz", path="data.npz")
X = np.random.default_rng(1).normal(2, 3, (12, 2, 4, 3)).astype(np.float32)
Y = np.arange(12) % 3


def write(folder: Path, **changes: NDArray[Any] | None) -> None:
    arrays = {"x_train": X, "y_train": Y, "x_test": X[:6], "y_test": Y[:6], **changes}
    kept = {name: array for name, array in arrays.items() if array is not None}
    np.savez_compressed(folder / "data.npz", **kept)  # type: ignore[arg-type]  # its option allow_pickle is newer than NumPy 2.0


def test_arrays_are_read_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, x_test=np.asfortranarray(X[:6]))
    facts = inspect(OPTIONS, tmp_path)
    assert (facts.shapes, facts.classes, facts.mean) == (((2, 4, 3),), 3, ())
    np.testing.assert_array_equal(read_array(tmp_path / "data.npz", "x_train"), X)
    np.testing.assert_array_equal(read_array(tmp_path / "data.npz", "x_test"), X[:6])


def test_features_become_rows_that_devices_share(tmp_path: Path) -> None:
    write(tmp_path, x_train=X.reshape(12, 24), x_test=X[:6].reshape(6, 24))
    assert inspect(OPTIONS, tmp_path).shapes == ((1, 24, 1),)


@pytest.mark.parametrize("scale", [1, 255])
def test_standardised_inputs_have_mean_0_and_deviation_1_in_each_channel(tmp_path: Path, scale: int) -> None:
    x = X if scale == 1 else np.clip(X * 20 + 100, 0, 255).astype(np.uint8)
    write(tmp_path, x_train=x, x_test=x[:6])
    options = SourceOptions("npz", path="data.npz", standardise=True)

    facts = inspect(options, tmp_path)
    train = load_images(SourceOptions("npz", path="data.npz", standardise=True, facts=facts), "train", tmp_path)
    test = load_images(SourceOptions("npz", path="data.npz", standardise=True, facts=facts), "test", tmp_path)

    assert facts.mean == pytest.approx(x.mean(axis=(0, 2, 3), dtype=np.float64) / scale, rel=1e-12)
    assert train.dtype == np.float32
    assert train.mean(axis=(0, 2, 3)) == pytest.approx(0, abs=1e-5)
    assert train.std(axis=(0, 2, 3)) == pytest.approx(1, rel=1e-5)
    np.testing.assert_array_equal(test, train[:6])


def test_real_targets_are_a_regression(tmp_path: Path) -> None:
    y = X[:, 0, :2, 0]
    write(tmp_path, y_train=y, y_test=y[:6])
    facts = inspect(OPTIONS, tmp_path)
    known = SourceOptions("npz", path="data.npz", names=("a", "b"), units=("m", "s"), facts=facts)
    assert facts.classes == 0
    assert facts.target_mean == pytest.approx(y.mean(axis=0, dtype=np.float64), rel=1e-12)
    assert find(known).TASK.wording.error == "standardised squared error of a, b"
    np.testing.assert_array_equal(find(known).load_labels("test", tmp_path), y[:6])


def with_nan(x: NDArray[np.float32]) -> NDArray[np.float32]:
    x = x.copy()
    x[7, 0, 1, 1] = np.nan
    x[9] = np.inf
    return x


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"x_train": with_nan(X)},
            "the train inputs: 2 samples have values that are not finite, the first is sample 7",
        ),
        ({"x_train": X.astype(np.int64)}, "the train inputs is int64: expected uint8 pixels"),
        ({"x_train": X > 0}, "the train inputs is bool: expected uint8 pixels"),
        ({"x_test": X[:5]}, "npz data.npz: 5 test inputs, and 6 test targets: expected one each"),
        ({"x_test": X[:6, :, 1:]}, "training inputs have the shape (2, 4, 3), and test inputs (2, 3, 3)"),
        ({"x_train": X[:0]}, "there is no sample in it"),
        ({"x_train": X[:, 0, 0, 0]}, "has the shape (12,): expected (N, F), (N, H, W) or (N, C, H, W)"),
        ({"y_train": Y - 1}, "the train targets: classes -1 to 1: expected numbers from 0"),
        ({"y_train": Y + 65_535}, "classes 65535 to 65537: expected numbers from 0 to at most 65534"),
        ({"y_test": Y[:6] + 1}, "class 3 has no training sample"),
        ({"y_train": Y.reshape(6, 2)}, "npz data.npz: 12 train inputs, and 6 train targets"),
        ({"y_train": Y[:, None]}, "the train targets has the shape (12, 1): expected (N,), a class for each sample"),
        ({"y_train": X[:, 0, 0, 0] * np.nan, "y_test": X[:6, 0, 0, 0]}, "12 numbers are not finite"),
        ({"y_train": X[:, 0, 0, 0] * 0, "y_test": X[:6, 0, 0, 0]}, "quantity 0 is constant"),
        ({"x_train": np.array([{}] * 12, dtype=object)}, "x_train is an array of object, which is not read"),
        ({"y_train": np.array(["a"] * 12)}, "y_train is an array of <U1, which is not read"),
        ({"y_test": None}, "has no array y_test: it has x_train, y_train, x_test"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_in_one_line(
    tmp_path: Path, changes: dict[str, NDArray[Any] | None], reason: str
) -> None:
    write(tmp_path, **changes)
    with pytest.raises(DataError, match=re.escape(reason)) as caught:
        inspect(OPTIONS, tmp_path)
    assert "\n" not in str(caught.value)


def header_of(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": "|u1"})
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (header_of((10**9, 2)) + bytes(9), "needs 2000000000 bytes, and the file has"),
        (header_of((10**12, 10**12)) + bytes(9), "at most 4,294,967,296 are read"),
        (header_of((5,)) + bytes(4), "needs 5 bytes, and the file has another number"),
        (header_of((5,)) + bytes(300 << 20), "needs 5 bytes, and the file has another number"),
        (b"\x93NUMPY\x01\x00\xff\xff{", "cannot be read"),
        (b"cos\nsystem\n(S'false'\ntR.", "cannot be read"),
    ],
)
def test_archives_that_lie_about_sizes_take_no_memory(tmp_path: Path, content: bytes, reason: str) -> None:
    with zipfile.ZipFile(tmp_path / "data.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train.npy", content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=reason):
            inspect(OPTIONS, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.npz").write_bytes(b"x" * 100)
    with pytest.raises(DataError, match=r"data\.npz cannot be read: File is not a zip file"):
        inspect(OPTIONS, tmp_path)


def own_arrays() -> dict[str, NDArray[Any] | None]:
    """Three sensors: pixels, measurements, and four numbers."""
    pixels, numbers = np.clip(X * 20 + 100, 0, 255).astype(np.uint8)[:, :1], X[:, 0, :, 0]
    arrays: dict[str, NDArray[Any] | None] = {"x_train": None, "x_test": None}
    sensors: tuple[NDArray[Any], ...] = (pixels, X, numbers)
    for sensor, array in enumerate(sensors):
        arrays |= {f"x_train_{sensor}": array, f"x_test_{sensor}": array[:6]}
    return arrays


@pytest.mark.parametrize("standardise", [False, True])
def test_each_device_may_have_an_array_of_its_own_shape(tmp_path: Path, standardise: bool) -> None:
    write(tmp_path, **own_arrays())
    asked = SourceOptions("npz", path="data.npz", standardise=standardise)
    facts = inspect(asked, tmp_path)
    data = find(SourceOptions("npz", path="data.npz", standardise=standardise, facts=facts))
    assert isinstance(data, SourceData)

    third = data.load_sensor(2, "train", tmp_path)

    assert facts.shapes == data.SENSOR_SHAPES == ((1, 4, 3), (2, 4, 3), (1, 4, 1))
    assert len(facts.mean) == (4 if standardise else 0)
    assert data.verify("test", tmp_path) == 6
    expected = X[:, 0, :, 0].reshape(12, 1, 4, 1)
    if standardise:
        expected = (expected - expected.mean(dtype=np.float64)) / expected.std(dtype=np.float64)
    np.testing.assert_allclose(third, expected, rtol=1e-5, atol=1e-6)


def test_the_digest_covers_the_arrays_of_all_devices(tmp_path: Path) -> None:
    write(tmp_path, **own_arrays())
    before = inspect(OPTIONS, tmp_path)
    changed = X.copy()
    changed[0, 0, 0, 0] += 1
    write(tmp_path, **own_arrays() | {"x_train_1": changed})
    now = inspect(OPTIONS, tmp_path)
    assert now.sha256[0] != before.sha256[0]
    assert now.sha256[1] == before.sha256[1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"x_test": X[:6]}, "has x_test beside arrays of single devices: keep one kind"),
        ({"x_train_1": None}, "has no array x_train_1, and one for device 2"),
        ({"x_train_64": X}, "has an array of device 64: devices are numbered from 0 to 63"),
        ({"x_train_1": X[:11]}, "npz data.npz: 11 train inputs, and 12 train targets: expected one each"),
    ],
)
def test_arrays_of_devices_that_do_not_fit_are_refused(
    tmp_path: Path, changes: dict[str, NDArray[Any] | None], reason: str
) -> None:
    write(tmp_path, **own_arrays() | changes)
    with pytest.raises(DataError, match=re.escape(reason)):
        inspect(OPTIONS, tmp_path)
