"""Samples that a user gives to a model: as in its data set, or what each device sees."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from splitwave.common.config.run_config import RunConfig
from splitwave.common.data.catalog import find, load_labels
from splitwave.common.data.dataset import DataSet, Images, ImageShape
from splitwave.common.data.sample_arrays import SampleArrays, sample_shapes
from splitwave.common.data.sources.source_data import SourceData
from splitwave.common.data.view import VIEWS
from splitwave.common.data.view_features import view_of
from splitwave.common.errors import DataError
from splitwave.common.tasks.task import Targets
from splitwave.device.learning.views import Views

Inputs: TypeAlias = NDArray[np.uint8] | NDArray[np.float32] | Sequence[NDArray[np.uint8] | NDArray[np.float32]]
"""(N, C, H, W) samples as in the data set, or (N, H, W) for C = 1; a list of such arrays, if the data set has one for
each sensor; else a list of K arrays, (N, features) float32, of what each device sees."""

_DIGEST = "samples of a user"


def views_of(config: RunConfig, inputs: Inputs) -> list[Views]:
    """Return what each device sees, as both splits of a data set: the test split is the samples.

    Samples as in the data set are standardised and divided among the devices as the run's own; where a view draws, it
    draws for sample n what it drew for test sample n.

    Raises:
        DataError: the samples have another shape or dtype than those of the data set, or the arrays do not fit the
            devices.
    """
    data_set = find(config.data.choice)
    sensors = sample_shapes(data_set)
    if isinstance(inputs, np.ndarray):
        parts = _divided(config, data_set, [inputs])
    elif len(sensors) > 1:
        parts = _divided(config, data_set, inputs)
    else:
        parts = _checked(config, inputs)
    return [Views(part[:1], part, _DIGEST) for part in parts]


def test_samples(config: RunConfig, data_dir: Path | None) -> tuple[Inputs, Targets]:
    """Return the test split of a run's data set, in the form that `views_of` takes, and its targets.

    Raises:
        DataError: the data are missing or damaged.
    """
    choice = config.data.choice
    data_set = find(choice)
    sensors = range(len(sample_shapes(data_set)))
    if isinstance(data_set, SourceData):
        arrays = [data_set.raw(sensor, "test", data_dir) for sensor in sensors]
    else:
        read = SampleArrays(choice, "test", data_dir)
        arrays = [read[sensor] for sensor in sensors]
    return arrays[0] if len(arrays) == 1 else arrays, load_labels(choice, "test", data_dir)


def _divided(config: RunConfig, data_set: DataSet, arrays: Sequence[Images]) -> list[NDArray[np.float32]]:
    shapes = sample_shapes(data_set)
    if len(arrays) != len(shapes):
        raise DataError(f"inputs are {len(arrays)} arrays of samples: expected {len(shapes)}, as in the data set")
    samples = [_prepared(data_set, sensor, *each) for sensor, each in enumerate(zip(arrays, shapes, strict=True))]
    if len({len(each) for each in samples}) > 1:
        raise DataError(f"inputs have {[len(each) for each in samples]} samples: expected equally many in each array")
    view = VIEWS.load(config.data.view)
    return [
        view_of(view, samples, config.place(link), "test", shape=config.view_shape_of(link), noise=config.data.noise)
        for link in range(config.links)
    ]


def _prepared(data_set: DataSet, sensor: int, array: Images, shape: ImageShape) -> Images:
    """(N, C, H, W) samples."""
    if isinstance(data_set, SourceData):
        return data_set.prepared(sensor, array)
    shapes = [shape, *([shape[1:]] if shape[0] == 1 else [])]
    if array.shape[1:] not in shapes or array.dtype.name not in ("uint8", "float32") or not len(array):
        raise DataError(
            f"inputs of shape {array.shape}, {array.dtype}: expected one or more uint8 or float32 images of shape "
            f"{' or '.join(str(('N', *each)) for each in shapes)}"
        )
    return array.reshape(len(array), *shape)


def _checked(config: RunConfig, parts: Sequence[Images]) -> list[NDArray[np.float32]]:
    if len(parts) != config.links:
        raise DataError(f"inputs are {len(parts)} arrays: expected {config.links}, one per device")
    for link, part in enumerate(parts):
        features = math.prod(config.view_shape_of(link))
        if part.shape != (len(parts[0]), features) or part.dtype != np.float32 or not len(part):
            raise DataError(
                f"inputs of device {link} have shape {part.shape}, {part.dtype}: expected float32 of shape "
                f"({len(parts[0])}, {features})"
            )
    return [np.ascontiguousarray(part, dtype=np.float32) for part in parts]
