"""The data sets by name."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from splitwave.common.data import catalog, mnist, mnist5k
from splitwave.common.data.catalog import (
    DataSetName,
    Split,
    content_digest,
    downloaded_samples,
    image_shape,
    load_images,
    load_labels,
    task,
    verify,
)
from splitwave.common.errors import DataError
from splitwave.common.tasks.task import Classification, Regression


def test_every_name_has_a_data_set_and_every_data_set_a_name() -> None:
    shapes = {name: image_shape(name) for name in get_args(DataSetName)}
    tasks = {name: task(name) for name in get_args(DataSetName)}

    assert set(catalog._DATA_SETS) == set(get_args(DataSetName))
    assert shapes == {
        **dict.fromkeys(["mnist5k", "mnist"], (1, 28, 28)),
        **dict.fromkeys(["cifar10", "cifar10-jpeg"], (3, 32, 32)),
        "bluetooth-tones": (2, 1, 79),
        "wifi-csi": (2, 3, 30),
    }
    times = {"bluetooth-tones", "wifi-csi"}
    assert {name for name, asked in tasks.items() if isinstance(asked, Regression)} == times
    assert all(asked == Classification(10) for name, asked in tasks.items() if name not in times)


def test_the_digests_of_the_mnists_are_known_without_their_data() -> None:
    names: tuple[DataSetName, ...] = ("mnist5k", "mnist")
    digests = {(name, split): content_digest(name, split, None) for name in names for split in get_args(Split)}

    assert digests == {
        ("mnist5k", "train"): mnist5k.SHA256,
        ("mnist5k", "test"): mnist5k.SHA256,
        ("mnist", "train"): mnist.SHA256["train-images-idx3-ubyte"],
        ("mnist", "test"): mnist.SHA256["t10k-images-idx3-ubyte"],
    }


def test_mnist5k_is_the_packaged_one_whatever_the_data_directory(tmp_path: Path) -> None:
    images = load_images("mnist5k", "test", tmp_path)

    assert np.array_equal(images, mnist5k.load_images("test", None))
    assert np.array_equal(load_labels("mnist5k", "test", tmp_path), np.repeat(np.arange(10), 100))


def test_mnist_is_looked_for_in_the_data_directory(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="MNIST: train-images-idx3-ubyte is missing"):
        load_images("mnist", "train", tmp_path)
    with pytest.raises(DataError, match="MNIST: t10k-labels-idx1-ubyte is missing"):
        load_labels("mnist", "test", tmp_path)


@pytest.mark.parametrize(
    ("name", "train", "test"),
    [("mnist5k", 4000, 1000), ("bluetooth-tones", 40_000, 10_000), ("wifi-csi", 40_000, 10_000)],
)
def test_verifying_a_split_counts_the_samples_that_loading_gives(name: DataSetName, train: int, test: int) -> None:
    assert (verify(name, "train", None), verify(name, "test", None)) == (train, test)
    assert (len(load_labels(name, "train", None)), len(load_labels(name, "test", None))) == (train, test)


def test_verifying_what_is_missing_says_so(tmp_path: Path) -> None:
    names: tuple[DataSetName, ...] = ("mnist", "cifar10", "cifar10-jpeg")
    for name in names:
        with pytest.raises(DataError, match=str(tmp_path)):
            verify(name, "test", tmp_path)


def test_mnist_alone_is_downloaded_where_no_directory_is_named() -> None:
    assert [name for name in get_args(DataSetName) if downloaded_samples(name) is not None] == ["mnist"]
