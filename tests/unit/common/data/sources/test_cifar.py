"""The source `cifar`: binary files and Python's, which are read without being executed."""

import os
import pickle
import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splitwave.common.data.catalog import inspect
from splitwave.common.data.sources import cifar
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.errors import DataError, MissingDataError

OPTIONS = SourceOptions("cifar", path="c")
PIXELS = np.random.default_rng(2).integers(0, 256, (12, 3072), dtype=np.uint8)
CLASSES = [n % 5 for n in range(12)]


def write_python(folder: Path, protocol: int = 2) -> None:
    folder.mkdir()
    for name, part in (("data_batch_1", slice(0, 5)), ("data_batch_2", slice(5, 12)), ("test_batch", slice(0, 5))):
        content = {b"data": PIXELS[part], b"labels": CLASSES[part], b"batch_label": b"x", b"filenames": [b"a.png"]}
        (folder / name).write_bytes(pickle.dumps(content, protocol=protocol))


def write_binary(folder: Path) -> None:
    folder.mkdir()
    for name, part in (("data_batch_1", slice(0, 5)), ("data_batch_2", slice(5, 12)), ("test_batch", slice(0, 5))):
        records = np.column_stack([np.array(CLASSES[part], dtype=np.uint8), PIXELS[part]])
        (folder / f"{name}.bin").write_bytes(records.tobytes())


def write_cifar_100(folder: Path, *, binary: bool) -> None:
    folder.mkdir()
    for name, part in (("train", slice(0, 12)), ("test", slice(0, 5))):
        labels = np.array(CLASSES[part], dtype=np.uint8)
        if binary:
            records = np.column_stack([labels * 0 + 9, labels, PIXELS[part]])
            (folder / f"{name}.bin").write_bytes(records.tobytes())
        else:
            content = {"data": PIXELS[part], "fine_labels": CLASSES[part], "coarse_labels": [9] * len(labels)}
            (folder / name).write_bytes(pickle.dumps(content, protocol=2))


def check(folder: Path) -> None:
    facts = inspect(OPTIONS, folder)
    assert facts.shapes == ((3, 32, 32),)
    assert facts.classes == 5
    np.testing.assert_array_equal(cifar.read_inputs(OPTIONS, "train", folder), PIXELS.reshape(12, 3, 32, 32))
    assert cifar.read_targets(OPTIONS, "train", folder).tolist() == CLASSES


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_the_python_version_is_read_in_every_protocol(tmp_path: Path, protocol: int) -> None:
    write_python(tmp_path / "c", protocol)
    check(tmp_path)


def test_the_binary_version_gives_the_same(tmp_path: Path) -> None:
    write_binary(tmp_path / "c")
    check(tmp_path)


@pytest.mark.parametrize("binary", [False, True])
def test_the_fine_labels_of_cifar_100_are_read(tmp_path: Path, binary: bool) -> None:
    write_cifar_100(tmp_path / "c", binary=binary)
    check(tmp_path)


def test_a_file_as_python_2_wrote_it_is_read(tmp_path: Path) -> None:
    write_python(tmp_path / "c")
    pixels = PIXELS[:1].tobytes()
    # Protocol 2 with byte strings (SHORT_BINSTRING, BINSTRING), as in the published files.
    written = (
        b"\x80\x02}(U\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x01M\x00\x0c\x86cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff"
        b"K\x00tb\x89T" + len(pixels).to_bytes(4, "little") + pixels + b"tbU\x06labels](K\x04eu."
    )
    (tmp_path / "c" / "test_batch").write_bytes(written)
    np.testing.assert_array_equal(cifar.read_inputs(OPTIONS, "test", tmp_path)[0].ravel(), PIXELS[0])
    assert cifar.read_targets(OPTIONS, "test", tmp_path).tolist() == [4]


class Malicious:
    def __init__(self, call: tuple[Any, ...]) -> None:
        self.call = call

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


def dictionary(**changes: Any) -> bytes:
    return pickle.dumps({"data": PIXELS, "labels": CLASSES, **changes}, protocol=2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (dictionary(x=Malicious((os.system, ("touch executed",)))), "it calls posix.system, which is not executed"),
        (dictionary(x=Malicious((eval, ("1",)))), "it calls __builtin__.eval, which is not executed"),
        (dictionary(data=PIXELS.astype(np.int16)), "an array of i2 with shape (12, 3072): expected bytes, u1"),
        (dictionary(data=PIXELS[:, 1:]), "`data` is not an array of 3072 bytes for each image"),
        (dictionary(data=PIXELS[1:]), "11 images, and 12 labels: expected one each"),
        (dictionary(data=[1]), "`data` is not an array"),
        (dictionary(labels=[1.5] * 12), "neither `fine_labels` nor `labels` is a list of classes"),
        (dictionary(labels=[-1] * 12), "neither `fine_labels` nor `labels` is a list of classes"),
        (pickle.dumps([1]), "holds a list: expected a dictionary of arrays"),
        (dictionary()[:-9], "cannot be read as CIFAR's Python version"),
        (b"", "cannot be read as CIFAR's Python version"),
        (b"\x80\x05\x96" + (1 << 34).to_bytes(8, "little") + b".", "cannot be read as CIFAR's Python version"),
        (b"\x80\x04N" + b"r\xff\xff\xff\x7f" + b".", "holds a NoneType"),
    ],
)
def test_other_pickles_are_refused_without_executing_them_or_taking_memory(
    tmp_path: Path, content: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_python(tmp_path / "c")
    for old in (tmp_path / "c").glob("data_batch_*"):
        old.unlink()
    (tmp_path / "c" / "data_batch_1").write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=re.escape(reason)) as caught:
            inspect(OPTIONS, tmp_path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert not Path("executed").exists()
    assert peak < 8 << 20


def test_incomplete_binary_files_and_missing_files_are_refused(tmp_path: Path) -> None:
    write_binary(tmp_path / "c")
    path = tmp_path / "c" / "data_batch_2.bin"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"data_batch_2\.bin has 21510 bytes, which are not records of 3073"):
        inspect(OPTIONS, tmp_path)
    for old in (tmp_path / "c").iterdir():
        old.unlink()
    with pytest.raises(MissingDataError, match="no train files of CIFAR in"):
        inspect(OPTIONS, tmp_path)


def test_both_versions_in_one_folder_are_refused(tmp_path: Path) -> None:
    write_binary(tmp_path / "c")
    (tmp_path / "c" / "data_batch_1").write_bytes(b"")
    with pytest.raises(DataError, match="holds both versions of the train files: keep one"):
        inspect(OPTIONS, tmp_path)
