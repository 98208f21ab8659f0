"""The source `python`: functions that return arrays or data sets, and functions that do not."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from splitwave.common.data.catalog import inspect, load_images
from splitwave.common.data.sources import python
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.errors import ConfigError, DataError

HERE = __name__
Pair = tuple[NDArray[np.float32], NDArray[np.int64]]


def options(function: str) -> SourceOptions:
    return SourceOptions("python", path=f"{HERE}:{function}")


def arrays(split: str, _data_dir: Path | None) -> Pair:
    count = 9 if split == "train" else 6
    return np.arange(count * 8, dtype=np.float32).reshape(count, 2, 4), np.arange(count) % 3


class Samples:
    """As a PyTorch `Dataset`: a length, and pairs by index."""

    def __init__(self, split: str, *, last: int = 4) -> None:
        self._inputs, self._targets = arrays(split, None)
        self._last = last

    def __len__(self) -> int:
        return len(self._targets)

    def __getitem__(self, place: int) -> tuple[NDArray[np.float32], int]:
        return self._inputs[place, :, : self._last if place == 5 else 4], int(self._targets[place])


def data_set(split: str, _data_dir: Path | None) -> Samples:
    return Samples(split)


def uneven(split: str, _data_dir: Path | None) -> Samples:
    return Samples(split, last=3)


def none(_split: str, _data_dir: Path | None) -> None:
    return


def texts(_split: str, _data_dir: Path | None) -> tuple[list[str], list[int]]:
    return ["a"], [1]


def failing(_split: str, _data_dir: Path | None) -> Pair:
    raise RuntimeError("the sensor is off\nand more")


NUMBER = 3


@pytest.mark.parametrize("function", ["arrays", "data_set"])
def test_arrays_and_data_sets_give_the_same_samples(function: str) -> None:
    asked = options(function)
    facts = inspect(asked, None)
    assert facts == inspect(options("arrays"), None)
    assert (facts.shapes, facts.classes) == (((1, 2, 4),), 3)
    known = SourceOptions("python", path=asked.path, facts=facts)
    np.testing.assert_array_equal(load_images(known, "test", None), arrays("test", None)[0][:, None])
    assert python.read_targets(asked, "test", None).tolist() == [0, 1, 2, 0, 1, 2]


def test_a_torch_data_set_is_read() -> None:
    torch = pytest.importorskip("torch")
    inputs, targets = arrays("train", None)
    samples = torch.utils.data.TensorDataset(torch.from_numpy(inputs), torch.from_numpy(targets))
    given = [(sample.numpy(), int(target)) for sample, target in samples]
    found, classes = python._stacked(samples, "x")
    np.testing.assert_array_equal(found, np.stack([sample for sample, _ in given]))
    assert classes.tolist() == [target for _, target in given]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (None, r"data\.path = None: expected package\.module:function"),
        ("numpy", r"data\.path = numpy: expected package\.module:function"),
        (
            "no_such_module:f",
            "there is no module 'no_such_module'; add the folder that it lies in",
        ),
        (f"{HERE}:missing", "test_python has no 'missing'$"),
    ],
)
def test_a_place_without_a_function_is_refused(path: str | None, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        inspect(SourceOptions("python", path=path), None)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (
            "failing",
            r"split: RuntimeError: the sensor is off and more, raised in .*test_python\.py, line \d+$",
        ),
        ("none", "the train split: TypeError"),
        ("NUMBER", "the train split: TypeError"),
        ("texts", "inputs are of dtype <U1: expected numbers"),
        ("uneven", r"sample 5 is \(2, 3\) float32, and the first \(2, 4\) float32"),
    ],
)
def test_a_function_that_gives_no_samples_is_refused_in_one_line(function: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        inspect(options(function), None)
    assert "\n" not in str(caught.value)
