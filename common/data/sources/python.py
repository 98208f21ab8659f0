"""The source `python`: a function of the user's, `data.path: package.module:function`, that gives the samples.

The function is called with the split, "train" or "test", and the data directory or None. It returns a pair of arrays,
inputs and targets, or an object with a length whose elements are such pairs, such as a PyTorch `Dataset`.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from splitwave.common.data.dataset import Split
from splitwave.common.data.sources.options import SourceOptions
from splitwave.common.data.sources.source import RawArray, check_bytes
from splitwave.common.errors import ConfigError, DataError
from splitwave.common.named_object import check_object_name, import_object, origin


def read_inputs(options: SourceOptions, split: Split, data_dir: Path | None) -> RawArray:
    """The inputs of a split.

    Raises:
        ConfigError: there is no such function.
        DataError: it raised an error, or returned something else.
    """
    return _call(options.path, split, data_dir)[0]


def read_targets(options: SourceOptions, split: Split, data_dir: Path | None) -> RawArray:
    """The targets of a split; errors as for `read_inputs`."""
    return _call(options.path, split, data_dir)[1]


@lru_cache(maxsize=2)
def _call(place: str | None, split: Split, data_dir: Path | None) -> tuple[RawArray, RawArray]:
    """Inputs and targets; both splits are kept, because making them may take long."""
    try:
        check_object_name(place or "")
    except ValueError:
        raise ConfigError(f"data.path = {place}: expected package.module:function") from None
    function: Any = import_object("data.path", str(place))
    what = f"data.path = {place}: the {split} split"
    try:
        given = function(split, data_dir)
        inputs, targets = given if isinstance(given, tuple) else _stacked(given, what)
    except DataError:
        raise
    except Exception as error:  # whatever the user's function raises
        raise DataError(f"{what}: {origin(error)}") from error
    return _array(inputs, f"{what}, inputs"), _array(targets, f"{what}, targets")


def _stacked(samples: Any, what: str) -> tuple[RawArray, RawArray]:
    """The elements of a data set, one by one, as two arrays."""
    count = len(samples)
    if not count:
        raise DataError(f"{what} has no samples")
    first = np.asarray(samples[0][0])
    check_bytes(count * first.nbytes, what)
    inputs = np.empty((count, *first.shape), dtype=first.dtype)
    targets = []
    for number in range(count):
        sample, target = samples[number]
        array = np.asarray(sample)
        if array.shape != first.shape or array.dtype != first.dtype:
            raise DataError(
                f"{what}: sample {number} is {array.shape} {array.dtype}, and the first {first.shape} {first.dtype}"
            )
        inputs[number] = array
        targets.append(np.asarray(target))
    return inputs, np.stack(targets)


def _array(given: Any, what: str) -> RawArray:
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise DataError(f"{what} are of dtype {array.dtype}: expected numbers")
    return array
