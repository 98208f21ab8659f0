"""Finds in a user's own data the facts that the parties of a run need before they read any."""

from dataclasses import dataclass
from pathlib import Path

from splitwave.common.data.dataset import ImageShape, Split
from splitwave.common.data.sources.checks import classes_of, count_classes, input_shape, is_regression, quantities_of
from splitwave.common.data.sources.options import Facts, SourceOptions
from splitwave.common.data.sources.reader import SourceReader
from splitwave.common.data.sources.source import RawArray
from splitwave.common.data.sources.standardisation import Statistics, channel_statistics, quantity_statistics
from splitwave.common.errors import DataError


@dataclass(frozen=True, slots=True)
class _Array:
    """The inputs of one array in both splits."""

    shape: ImageShape
    statistics: Statistics
    samples: tuple[int, int]


def inspect_source(options: SourceOptions, reader: SourceReader, data_dir: Path | None) -> Facts:
    """Read both splits.

    Raises:
        DataError: as `Source` does, or the arrays contradict one another, or the options.
    """
    sensors = reader.sensors(data_dir)
    arrays = [_inspect_inputs(options, reader, sensor, data_dir) for sensor in range(sensors)]
    train, test = reader.targets("train", data_dir), reader.targets("test", data_dir)
    for array in arrays:
        check_lengths(options, "train", array.samples[0], len(train))
        check_lengths(options, "test", array.samples[1], len(test))
    regression = is_regression(train)
    means, deviations = zip(*(array.statistics for array in arrays), strict=True)
    target_mean, target_deviation = _quantities(options, train, test) if regression else ((), ())
    return Facts(
        shapes=tuple(array.shape for array in arrays),
        classes=0 if regression else _classes(options, train, test),
        mean=sum(means, ()),
        deviation=sum(deviations, ()),
        target_mean=target_mean,
        target_deviation=target_deviation,
        sha256=(reader.digest("train", data_dir, sensors), reader.digest("test", data_dir, sensors)),
    )


def check_lengths(options: SourceOptions, split: Split, inputs: int, targets: int) -> None:
    """Refuse inputs without targets, and targets without inputs.

    Raises:
        DataError: the numbers differ.
    """
    if inputs != targets:
        raise DataError(f"{options}: {inputs} {split} inputs, and {targets} {split} targets: expected one each")


def _inspect_inputs(options: SourceOptions, reader: SourceReader, sensor: int, data_dir: Path | None) -> _Array:
    train = reader.inputs(sensor, "train", data_dir)
    statistics = channel_statistics(train, str(options)) if options.standardise else ((), ())
    shape, train_samples = input_shape(train), len(train)
    del train  # one split at a time is in memory
    test = reader.inputs(sensor, "test", data_dir)
    if input_shape(test) != shape:
        raise DataError(f"{options}: training inputs have the shape {shape}, and test inputs {input_shape(test)}")
    return _Array(shape, statistics, (train_samples, len(test)))


def _quantities(options: SourceOptions, train: RawArray, test: RawArray) -> Statistics:
    if options.classes is not None:
        raise DataError(f"{options}: the train targets are {train.dtype}, and data.classes is for integer classes")
    what = f"{options}: the train targets"
    quantities, columns = quantities_of(train, what), quantities_of(test, f"{options}: the test targets").shape[1]
    if columns != quantities.shape[1]:
        raise DataError(f"{options}: {columns} test quantities, and {quantities.shape[1]} train quantities")
    return quantity_statistics(quantities, what, options.names)


def _classes(options: SourceOptions, train: RawArray, test: RawArray) -> int:
    if options.names:
        raise DataError(f"{options}: the train targets are {train.dtype} classes; data.names is for a regression")
    classes = classes_of(train, f"{options}: the train targets"), classes_of(test, f"{options}: the test targets")
    return count_classes(*classes, str(options), options.classes)
