"""The sections of a part's manifest about inputs and answers, as plain frozen values.

Everything here runs on a board: it takes the standard library and NumPy alone.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import DataError
from splitwave.common.limits import MAX_NAME_CHARACTERS
from splitwave.common.protocol.arrays import Float32
from splitwave.common.records.manifest_fields import Fields
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.regression import Regression
from splitwave.common.tasks.task import Task
from splitwave.common.tasks.vector_regression import VectorRegression

_MOST_SIDE = 1 << 20
_MOST_FEATURES = 1 << 24
_MOST_CLASSES = 65_535
_MOST_QUANTITIES = 65_536
CLASSIFICATION, REGRESSION, QUANTITIES = "classification", "propagation-time", "quantities"


@dataclass(frozen=True, slots=True)
class InputFormat:
    """The samples of one device.

    Attributes:
        shape: (C, h, w) of what the device sees.
        scale: by which uint8 samples are divided; float32 samples are taken as they are.
        mean, deviation: of each channel, by which samples are standardised after that; empty for none.
    """

    shape: tuple[int, int, int]
    scale: float = 255.0
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    @property
    def features(self) -> int:
        """C·h·w, the inputs of the encoder."""
        return math.prod(self.shape)

    def features_of(self, sample: NDArray[np.uint8] | Float32) -> Float32:
        """The encoder's (features,) float32 inputs for one sample of a sensor: scaled, standardised and flat.

        Args:
            sample: uint8 or float32 of the shape, of its last two sides if C = 1, or flat.

        Raises:
            DataError: another shape or dtype, or a value that is not finite.
        """
        shapes = [self.shape, (self.features,), *([self.shape[1:]] if self.shape[0] == 1 else [])]
        if sample.shape not in shapes or sample.dtype.name not in ("uint8", "float32"):
            raise DataError(
                f"a sample of shape {sample.shape}, {sample.dtype}: expected uint8 or float32 of shape "
                f"{' or '.join(map(str, shapes))}"
            )
        divisor = np.float32(self.scale if sample.dtype == np.uint8 else 1)
        channels = np.divide(sample.reshape(self.shape[0], -1), divisor, dtype=np.float32)
        if not np.isfinite(channels).all():
            raise DataError("a sample with a value that is not finite")
        if self.mean:
            channels -= np.array(self.mean, dtype=np.float32)[:, None]
            channels /= np.array(self.deviation, dtype=np.float32)[:, None]
        return channels.reshape(-1)

    @classmethod
    def read(cls, fields: Fields) -> "InputFormat":
        """Check the section of a manifest; raises CheckpointError."""
        fields.has_only("shape", "features", "scale", "mean", "deviation")
        channels, height, width = fields.wholes("shape", 3, 1, _MOST_SIDE)
        found = cls(
            (channels, height, width),
            fields.number("scale"),
            fields.numbers("mean", 0, channels),
            fields.numbers("deviation", 0, channels),
        )
        if found.features > _MOST_FEATURES or fields.whole("features", 1, _MOST_FEATURES) != found.features:
            fields.refuse("features", f"the product of shape = {found.shape}, at most {_MOST_FEATURES}")
        if found.scale <= 0:
            fields.refuse("scale", "a positive number")
        if len(found.mean) not in (0, channels):
            fields.refuse("mean", f"none, or one number for each of {channels} channels")
        if len(found.deviation) != len(found.mean) or not all(each > 0 for each in found.deviation):
            fields.refuse("deviation", "as many positive numbers as mean has")
        return found

    def tree(self) -> Mapping[str, object]:
        """The section as JSON."""
        return {**asdict(self), "features": self.features}


@dataclass(frozen=True, slots=True)
class TaskFormat:
    """The question that is answered.

    Attributes:
        name: `classification`, `propagation-time` (one number in ns) or `quantities` (several numbers with names).
        classes: of a classification; else 0.
        names, units: of the numbers in an answer; none for a classification.
        mean, deviation: of each number, by which an answer is computed from the decoder's outputs.
    """

    name: str
    classes: int = 0
    names: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    def task(self) -> Task:
        """The task itself."""
        if self.name == CLASSIFICATION:
            return Classification(self.classes)
        if self.name == REGRESSION:
            return Regression(self.mean[0], self.deviation[0])
        return VectorRegression(self.names, self.units, self.mean, self.deviation)

    @classmethod
    def read(cls, fields: Fields) -> "TaskFormat":
        """Check the section of a manifest; raises CheckpointError."""
        fields.has_only("name", "answer_dtype", "classes", "names", "units", "mean", "deviation")
        name = fields.text("name", MAX_NAME_CHARACTERS)
        if name not in (CLASSIFICATION, REGRESSION, QUANTITIES):
            fields.refuse("name", f"{CLASSIFICATION}, {REGRESSION} or {QUANTITIES}")
        classes = fields.whole("classes", 1, _MOST_CLASSES) if name == CLASSIFICATION else fields.whole("classes", 0, 0)
        low, high = {CLASSIFICATION: (0, 0), REGRESSION: (1, 1), QUANTITIES: (1, _MOST_QUANTITIES)}[name]
        names = fields.texts("names", low, high, MAX_NAME_CHARACTERS)
        units = fields.texts("units", len(names), len(names), MAX_NAME_CHARACTERS)
        mean, deviation = (fields.numbers(each, len(names), len(names)) for each in ("mean", "deviation"))
        found = cls(name, classes, names, units, mean, deviation)
        if fields.text("answer_dtype", MAX_NAME_CHARACTERS) != found.answer_dtype:
            fields.refuse("answer_dtype", found.answer_dtype)
        return found

    @property
    def answer_dtype(self) -> str:
        """`uint8`, `uint16` or `float32`."""
        return np.dtype(self.task().answer_dtype).name

    def tree(self) -> Mapping[str, object]:
        """The section as JSON."""
        return {**asdict(self), "answer_dtype": self.answer_dtype}
