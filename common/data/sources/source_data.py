"""A source with its options, as a data set."""

from pathlib import Path

from splitwave.common.data.dataset import Images, ImageShape, Split, Targets
from splitwave.common.data.sources.checks import classes_of, input_shape, inputs_of, quantities_of
from splitwave.common.data.sources.inspection import check_lengths, inspect_source
from splitwave.common.data.sources.options import Facts, SourceOptions
from splitwave.common.data.sources.reader import SourceReader
from splitwave.common.data.sources.source import RawArray, Source
from splitwave.common.data.sources.standardisation import standardised
from splitwave.common.errors import ConfigError, DataError
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.task import Task
from splitwave.common.tasks.vector_regression import VectorRegression


class SourceData:
    """Data of a user's own, as a `DataSet`; shape and task come from the facts that inspecting them found."""

    DOWNLOADED = None

    def __init__(self, options: SourceOptions, source: Source) -> None:
        """Read nothing yet."""
        self._options = options
        self._reader = SourceReader(options, source)

    @property
    def IMAGE_SHAPE(self) -> ImageShape:  # noqa: N802 — the protocol's name
        """(C, H, W) of a sample; of the first device's, if each has an array of its own."""
        return self._facts.shapes[0]

    @property
    def SENSOR_SHAPES(self) -> tuple[ImageShape, ...]:  # noqa: N802 — likewise
        """(C, H, W) of a sample in each array of inputs: one for all devices, or one for each."""
        return self._facts.shapes

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
        """(N, C, H, W) inputs, standardised if the settings say so; of the first device, if each has its own.

        Raises:
            DataError: as `Source` does, or the inputs have another shape than the run's.
        """
        return self.load_sensor(0, split, data_dir)

    def load_sensor(self, sensor: int, split: Split, data_dir: Path | None) -> Images:
        """(N, C, H, W) inputs of one device that has an array of its own; errors as for `load_images`."""
        inputs = self._reader.inputs(sensor, split, data_dir)
        return self._of_run(sensor, inputs, f"{self._options}: the {split} inputs")

    def raw(self, sensor: int, split: Split, data_dir: Path | None) -> Images:
        """(N, C, H, W) inputs as `prepared` takes them; errors as for `load_images`."""
        return self._reader.inputs(sensor, split, data_dir)

    def prepared(self, sensor: int, raw: RawArray) -> Images:
        """(N, C, H, W) samples that a user gives to a trained model, checked and standardised as the run's own.

        Args:
            sensor: the array that they are in place of.
            raw: (N, F), (N, H, W) or (N, C, H, W).

        Raises:
            DataError: another shape or dtype, or values that are not finite.
        """
        what = "inputs" if len(self._facts.shapes) == 1 else f"inputs of device {sensor}"
        return self._of_run(sensor, inputs_of(raw, what), what)

    def _of_run(self, sensor: int, inputs: Images, what: str) -> Images:
        facts, found = self._facts, input_shape(inputs)
        expected = facts.shapes[sensor]
        if found != expected:
            raise DataError(f"{what} have the shape (C, H, W) = {found}, and the run is one of {expected}")
        if not facts.mean:
            return inputs
        first = sum(channels for channels, _, _ in facts.shapes[:sensor])
        own = slice(first, first + expected[0])
        return standardised(inputs, facts.mean[own], facts.deviation[own])

    def load_labels(self, split: Split, data_dir: Path | None) -> Targets:
        """(N,) int64 classes, or (N, D) float32 quantities."""
        raw = self._reader.targets(split, data_dir)
        what = f"{self._options}: the {split} targets"
        return classes_of(raw, what) if self._facts.classes else quantities_of(raw, what)

    def content_digest(self, split: Split, data_dir: Path | None) -> str:
        """SHA-256 of all decoded inputs of a split, whatever the files' names and compression."""
        return self._reader.digest(split, data_dir, len(self._facts.shapes))

    def verify(self, split: Split, data_dir: Path | None) -> int:
        """N of a split whose inputs are those of the run, and whose targets fit them."""
        samples = [len(self.load_sensor(sensor, split, data_dir)) for sensor in range(len(self._facts.shapes))]
        recorded = self._facts.sha256[0 if split == "train" else 1]
        found = self.content_digest(split, data_dir)
        if found != recorded:
            raise DataError(
                f"{self._options}: the {split} inputs have SHA-256 {found}, and the run's settings record {recorded}"
            )
        labels = self.load_labels(split, data_dir)
        for count in samples:
            check_lengths(self._options, split, count, len(labels))
        return len(labels)

    def inspect(self, data_dir: Path | None) -> Facts:
        """Read both splits, and find the facts; errors as for `inspect_source`."""
        return inspect_source(self._options, self._reader, data_dir)

    @property
    def _facts(self) -> Facts:
        if self._options.facts is None:
            raise ConfigError(f"data.name = {self._options}: shape and classes are not known before the data were read")
        return self._options.facts
