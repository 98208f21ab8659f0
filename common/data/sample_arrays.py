"""The arrays of samples of a data set: one, or one for each sensor."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, overload, runtime_checkable

from splitwave.common.data.catalog import DataChoice, find, load_images
from splitwave.common.data.dataset import DataSet, Images, ImageShape, Split
from splitwave.common.errors import DataError


@runtime_checkable
class SensorDataSet(Protocol):
    """The members, beside those of `DataSet`, of a data set whose devices have arrays of their own.

    `IMAGE_SHAPE` and `load_images` are then those of sensor 0, and `content_digest` covers all sensors.
    """

    @property
    def SENSOR_SHAPES(self) -> tuple[ImageShape, ...]:  # noqa: N802 — a constant of a module
        """(C, H, W) of a sample of each sensor."""

    def load_sensor(self, sensor: int, split: Split, data_dir: Path | None, /) -> Images:
        """As `DataSet.load_images`, of one sensor; sample n of every sensor has label n."""


def sample_shapes(data_set: DataSet) -> tuple[ImageShape, ...]:
    """(C, H, W) of a sample in each array."""
    return data_set.SENSOR_SHAPES if isinstance(data_set, SensorDataSet) else (data_set.IMAGE_SHAPE,)


class SampleArrays(Sequence[Images]):
    """The arrays of one split, (N, C, H, W) each; the last that was indexed is kept."""

    def __init__(self, choice: DataChoice, split: Split, data_dir: Path | None) -> None:
        """Args: as `catalog.load_images`. Nothing is read yet."""
        self._choice = choice
        self._split = split
        self._data_dir = data_dir
        self._data_set = find(choice)
        self._kept: tuple[int, Images] | None = None

    def __len__(self) -> int:
        """How many arrays there are."""
        return len(sample_shapes(self._data_set))

    @overload
    def __getitem__(self, index: int) -> Images: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Images]: ...
    def __getitem__(self, index: int | slice) -> Images | Sequence[Images]:
        """One array, read where it is not the last one.

        Raises:
            DataError: the data are missing or damaged, or have another shape than the data set promises.
        """
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if self._kept is None or self._kept[0] != index:
            self._kept = index, self._load(index)
        return self._kept[1]

    def _load(self, number: int) -> Images:
        shape = sample_shapes(self._data_set)[number]
        if not isinstance(self._data_set, SensorDataSet):
            images = load_images(self._choice, self._split, self._data_dir)
            return images.reshape(len(images), *shape)
        images = self._data_set.load_sensor(number, self._split, self._data_dir)
        if images.shape[1:] != shape or images.dtype.name not in ("uint8", "float32"):
            raise DataError(
                f"{self._choice}: sensor {number} of the {self._split} split is {images.shape} {images.dtype}: "
                f"expected uint8 or float32 of shape {('N', *shape)}"
            )
        return images
