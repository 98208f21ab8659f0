"""A source with its options, as a data set."""

import hashlib
from pathlib import Path

import numpy as np

from splitwave.common.data.dataset import Images, ImageShape, Split, Targets
from splitwave.common.data.sources.checks import (
    classes_of,
    count_classes,
    input_shape,
    inputs_of,
    is_regression,
    quantities_of,
)
from splitwave.common.data.sources.options import Facts, SourceOptions
from splitwave.common.data.sources.source import Source
from splitwave.common.data.sources.standardisation import channel_statistics, quantity_statistics, standardised
from splitwave.common.errors import ConfigError, DataError
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.task import Task
from splitwave.common.tasks.vector_regression import VectorRegression


class SourceData:
    """Data of a user's own, as a `DataSet`; shape and task come from the facts that inspecting them found.

    It remembers the digest of what it read last, so that a process which loads the data does not read them again.
    """

    DOWNLOADED = None

    def __init__(self, options: SourceOptions, source: Source) -> None:
        """Read nothing yet."""
        self._options = options
        self._source = source
        self._digests: dict[tuple[Split, Path | None], str] = {}

    @property
    def IMAGE_SHAPE(self) -> ImageShape:  # noqa: N802 — the protocol's name
        """(C, H, W) of a sample."""
        return self._facts.shapes[0]

    @property
    def TASK(self) -> Task:  # noqa: N802 — likewise
        """A classification, or the regression of one or several quantities."""
        facts, options = self._facts, self._options
        if facts.classes:
            return Classification(facts.classes)
        count = len(facts.target_mean)
        names = options.names or tuple(f"y{number}" for number in range(count))
        return VectorRegression(names, options.units or ("",) * count, facts.target_mean, facts.target_deviation)

    def load_images(self, split: Split, data_dir: Path | None) -> Images:
        """Inputs, standardised if the settings say so.

        Raises:
            DataError: as `Source` does, or the inputs have another shape than the run's.
        """
        facts, inputs = self._facts, self._inputs(split, data_dir)
        if input_shape(inputs) != facts.shapes[0]:
            raise DataError(
                f"{self._options}: the {split} inputs have the shape (C, H, W) = {input_shape(inputs)}, and the run "
                f"is one of {facts.shapes[0]}"
            )
        return standardised(inputs, facts.mean, facts.deviation) if facts.mean else inputs

    def load_labels(self, split: Split, data_dir: Path | None) -> Targets:
        """(N,) int64 classes, or (N, D) float32 quantities."""
        raw = self._source.read_targets(self._options, split, data_dir)
        what = f"{self._options}: the {split} targets"
        return classes_of(raw, what) if self._facts.classes else quantities_of(raw, what)

    def content_digest(self, split: Split, data_dir: Path | None) -> str:
        """SHA-256 of dtype, shape and elements of the decoded inputs, whatever the files' names and compression."""
        if (split, data_dir) not in self._digests:
            self._inputs(split, data_dir)
        return self._digests[split, data_dir]

    def verify(self, split: Split, data_dir: Path | None) -> int:
        """N of a split whose inputs are those of the run, and whose targets fit them."""
        inputs = self.load_images(split, data_dir)
        recorded = self._facts.sha256[0 if split == "train" else 1]
        found = self.content_digest(split, data_dir)
        if found != recorded:
            raise DataError(
                f"{self._options}: the {split} inputs have SHA-256 {found}, and the run's settings record {recorded}"
            )
        labels = self.load_labels(split, data_dir)
        _check_lengths(self._options, split, len(inputs), len(labels))
        return len(inputs)

    def inspect(self, data_dir: Path | None) -> Facts:
        """Read both splits, and find what the parties need to know before they read any.

        Raises:
            DataError: as `Source` does, or the arrays contradict one another, or the settings.
        """
        train, test = self._inputs("train", data_dir), self._inputs("test", data_dir)
        shape, other = input_shape(train), input_shape(test)
        if shape != other:
            raise DataError(f"{self._options}: training inputs have the shape {shape}, and test inputs {other}")
        mean, deviation = channel_statistics(train, str(self._options)) if self._options.standardise else ((), ())
        classes, target_mean, target_deviation = self._targets(data_dir, len(train), len(test))
        sha256 = self.content_digest("train", data_dir), self.content_digest("test", data_dir)
        return Facts((shape,), classes, mean, deviation, target_mean, target_deviation, sha256)

    def _targets(
        self, data_dir: Path | None, train_samples: int, test_samples: int
    ) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
        """The number of classes, or means and deviations of the quantities."""
        train, test = (self._source.read_targets(self._options, split, data_dir) for split in ("train", "test"))
        _check_lengths(self._options, "train", train_samples, len(train))
        _check_lengths(self._options, "test", test_samples, len(test))
        names = f"{self._options}: the train targets", f"{self._options}: the test targets"
        if is_regression(train):
            if self._options.classes is not None:
                raise DataError(f"{names[0]} are {train.dtype}, and data.classes is for integer classes")
            quantities = quantities_of(train, names[0])
            columns = quantities_of(test, names[1]).shape[1]
            if columns != quantities.shape[1]:
                raise DataError(f"{names[1]} are {columns} quantities, and the training targets {quantities.shape[1]}")
            return 0, *quantity_statistics(quantities, names[0], self._options.names)
        if self._options.names:
            raise DataError(
                f"{names[0]} are {train.dtype} classes, and data.names is for the quantities of a regression"
            )
        classes = classes_of(train, names[0]), classes_of(test, names[1])
        return count_classes(*classes, str(self._options), self._options.classes), (), ()

    def _inputs(self, split: Split, data_dir: Path | None) -> Images:
        raw = self._source.read_inputs(self._options, split, data_dir)
        inputs = inputs_of(raw, f"{self._options}: the {split} inputs")
        self._digests[split, data_dir] = _digest(inputs)
        return inputs

    @property
    def _facts(self) -> Facts:
        if self._options.facts is None:
            raise ConfigError(f"data.name = {self._options}: shape and classes are not known before the data were read")
        return self._options.facts


def _digest(array: Images) -> str:
    content = np.ascontiguousarray(array)
    header = f"{content.dtype.name} {content.shape}\n".encode()
    digest = hashlib.sha256(header)
    digest.update(content.data.cast("B"))
    return digest.hexdigest()


def _check_lengths(options: SourceOptions, split: Split, inputs: int, targets: int) -> None:
    if inputs != targets:
        raise DataError(f"{options}: {inputs} {split} inputs, and {targets} {split} targets: expected one each")
