"""The data sets by name."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from splitwave.common.data import mnist, mnist5k
from splitwave.common.data.bluetooth_tones import BLUETOOTH_TONES
from splitwave.common.data.catalog import DATA_SETS, load_images, load_labels
from splitwave.common.data.cifar10 import CIFAR10, CIFAR10_JPEG
from splitwave.common.data.dataset import DataSet, Split
from splitwave.common.data.wifi_csi import WIFI_CSI
from splitwave.common.errors import ConfigError, DataError
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.regression import Regression
from splitwave.common.tasks.task import Task

HERE = Path(__file__).parent
EXPECTED: dict[str, DataSet] = {
    "mnist5k": mnist5k,
    "mnist": mnist,
    "cifar10": CIFAR10,
    "cifar10-jpeg": CIFAR10_JPEG,
    "bluetooth-tones": BLUETOOTH_TONES,
    "wifi-csi": WIFI_CSI,
}
MODULES = {name: place.partition(":")[0].rpartition(".")[2] for name, place in DATA_SETS.built_in.items()}


def test_every_name_has_a_data_set_and_every_data_set_has_a_name() -> None:
    shapes = {name: DATA_SETS.load(name).IMAGE_SHAPE for name in DATA_SETS.built_in}
    tasks = {name: DATA_SETS.load(name).TASK for name in DATA_SETS.built_in}

    assert {name: DATA_SETS.load(name) for name in DATA_SETS.built_in} == EXPECTED
    assert shapes == {
        **dict.fromkeys(["mnist5k", "mnist"], (1, 28, 28)),
        **dict.fromkeys(["cifar10", "cifar10-jpeg"], (3, 32, 32)),
        "bluetooth-tones": (2, 1, 79),
        "wifi-csi": (2, 3, 30),
    }
    times = {"bluetooth-tones", "wifi-csi"}
    assert {name for name, asked in tasks.items() if isinstance(asked, Regression)} == times
    assert all(asked == Classification(10) for name, asked in tasks.items() if name not in times)


@pytest.mark.parametrize("name", DATA_SETS.built_in)
def test_every_data_set_satisfies_the_protocol_and_has_tests(name: str) -> None:
    data_set = DATA_SETS.load(name)

    assert isinstance(data_set, DataSet)
    assert isinstance(data_set.TASK, Task)
    assert (HERE / f"test_{MODULES[name]}.py").is_file()


@pytest.mark.parametrize("name", ["mnist5k", "cifar10", "wifi-csi"])
def test_reading_settings_imports_only_the_named_data_set_and_no_torch(name: str) -> None:
    program = (
        "import sys; from splitwave.common.config.layers import load_config\n"
        f"config = load_config(overrides=['data.name={name}'], environment={{}})\n"
        "config.task.outputs, config.view_shape\n"
        "print(*sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()

    assert {module for module in MODULES.values() if f"splitwave.common.data.{module}" in said} == {MODULES[name]}
    assert {"torch", "pooch"}.isdisjoint(said)


def test_an_unknown_data_set_is_refused_with_the_known_names() -> None:
    with pytest.raises(
        ConfigError, match=r"^data\.name = mnst: there is no 'mnst'; there are: mnist5k, mnist, .*'mnist'"
    ):
        load_images("mnst", "train", None)


def test_the_digests_of_both_mnist_data_sets_are_known_without_reading_them() -> None:
    names = ("mnist5k", "mnist")
    digests = {
        (name, split): DATA_SETS.load(name).content_digest(split, None) for name in names for split in get_args(Split)
    }

    assert digests == {
        ("mnist5k", "train"): mnist5k.SHA256,
        ("mnist5k", "test"): mnist5k.SHA256,
        ("mnist", "train"): mnist.SHA256["train-images-idx3-ubyte"],
        ("mnist", "test"): mnist.SHA256["t10k-images-idx3-ubyte"],
    }


def test_mnist5k_ignores_the_data_directory(tmp_path: Path) -> None:
    images = load_images("mnist5k", "test", tmp_path)

    assert np.array_equal(images, mnist5k.load_images("test", None))
    assert np.array_equal(load_labels("mnist5k", "test", tmp_path), np.repeat(np.arange(10), 100))


def test_mnist_is_read_from_the_data_directory(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="MNIST: train-images-idx3-ubyte is missing"):
        load_images("mnist", "train", tmp_path)
    with pytest.raises(DataError, match="MNIST: t10k-labels-idx1-ubyte is missing"):
        load_labels("mnist", "test", tmp_path)


@pytest.mark.parametrize(
    ("name", "train", "test"),
    [("mnist5k", 4000, 1000), ("bluetooth-tones", 40_000, 10_000), ("wifi-csi", 40_000, 10_000)],
)
def test_verifying_a_split_returns_its_number_of_samples(name: str, train: int, test: int) -> None:
    data_set = DATA_SETS.load(name)
    assert (data_set.verify("train", None), data_set.verify("test", None)) == (train, test)
    assert (len(load_labels(name, "train", None)), len(load_labels(name, "test", None))) == (train, test)


def test_verifying_a_missing_file_is_an_error(tmp_path: Path) -> None:
    for name in ("mnist", "cifar10", "cifar10-jpeg"):
        with pytest.raises(DataError, match=str(tmp_path)):
            DATA_SETS.load(name).verify("test", tmp_path)


def test_only_mnist_is_downloaded_if_no_directory_is_named() -> None:
    assert [name for name in DATA_SETS.built_in if DATA_SETS.load(name).DOWNLOADED is not None] == ["mnist"]


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((5, 28, 27), "uint8"), ((5, 3, 28, 28), "uint8"), ((5, 784), "float32"), ((5, 28, 28), "int64")],
)
def test_images_of_another_shape_or_dtype_than_promised_are_refused(
    shape: tuple[int, ...], dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mnist5k, "load_images", lambda *_: np.zeros(shape, dtype=dtype))
    with pytest.raises(DataError, match=r"^mnist5k: the train images are \(5, .*\) \w+: expected uint8 or float32 of "):
        load_images("mnist5k", "train", None)
    monkeypatch.setattr(mnist5k, "load_images", lambda *_: np.zeros((5, 1, 28, 28), dtype=np.float32))
    assert load_images("mnist5k", "train", None).shape == (5, 1, 28, 28)


def test_labels_that_are_invalid_for_the_task_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist5k, "load_labels", lambda *_: np.arange(11))
    with pytest.raises(DataError, match=r"^mnist5k: the test labels: classes 0 to 10: expected 0 to 9"):
        load_labels("mnist5k", "test", None)
