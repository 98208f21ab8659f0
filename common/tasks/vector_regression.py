"""Regression of one or several quantities with names and units; the error is a squared deviation."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import DataError, ProtocolError
from splitwave.common.tasks.task import Answers, ChanceLevel, Targets
from splitwave.common.tasks.wording import ReadableError, Wording


@dataclass(frozen=True, slots=True)
class VectorRegression:
    """D quantities of a sample.

    The decoder estimates (y − mean)/deviation of each. Targets and answers are (N, D) float32 in the quantities' units.
    With one unit for all, an error is the squared distance Σ_j (y_j − ŷ_j)² in that unit; with several units, each
    deviation is divided by that of its quantity before.

    Attributes:
        names, units: of the quantities; a unit is empty for a plain number.
        mean, deviation: of each quantity over the training split.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    loss: ClassVar = "splitwave.basestation.learning.losses:standardised_squares"
    answer_dtype: ClassVar = np.float32

    @property
    def outputs(self) -> int:
        """One for each quantity."""
        return len(self.mean)

    @property
    def answer_size(self) -> int:
        """Numbers in the answer to one sample."""
        return len(self.mean)

    @property
    def answer_units(self) -> tuple[str, ...]:
        """The unit of each quantity."""
        return self.units

    @property
    def wording(self) -> Wording:
        """Mean squares in the quantities' unit, and their root."""
        unit = self._unit or ""
        what = ", ".join(self.names)
        return Wording(
            distortion="standardised squared error",
            distortion_short="MSE",
            distortion_key="squared_error",
            error=f"mean squared error of {what}"
            if self._unit is not None
            else f"standardised squared error of {what}",
            error_key="mse" if self._unit is not None else "standardised_mse",
            unit=f"({unit})²" if unit else "",
            readable=ReadableError("error, root mean square", "rmse", unit, math.sqrt),
            trivial_answer="the mean of the training samples",
        )

    def check_targets(self, targets: Targets) -> None:
        """Refuse targets that are not finite float32 vectors."""
        if targets.dtype != np.float32 or targets.ndim != 2 or targets.shape[1] != self.outputs:
            raise DataError(f"targets {targets.shape} {targets.dtype}: expected float32 of shape (N, {self.outputs})")
        if not np.isfinite(targets).all():
            raise DataError(f"{np.count_nonzero(~np.isfinite(targets))} targets are not finite")

    def check_answers(self, answers: Answers) -> None:
        """Refuse answers that are not finite."""
        if not np.isfinite(answers).all():
            raise ProtocolError(f"{np.count_nonzero(~np.isfinite(answers))} predicted numbers are not finite")

    def answers(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, D) float32 quantities of (N, D) standardised ones."""
        mean, deviation = np.array(self.mean, np.float32), np.array(self.deviation, np.float32)
        quantities: NDArray[np.float32] = mean + deviation * outputs
        return quantities

    def errors(self, answers: Answers, targets: Targets) -> float:
        """Σ of the samples' squared distances, in float64."""
        return float(np.square((targets.astype(np.float64) - answers) / self._scales).sum())

    def error_interval(self, error: float, samples: int) -> None:
        """None: a mean square alone does not tell the spread of the squares."""

    def chance_level(self, train: Callable[[], Targets], test: Targets) -> ChanceLevel:
        """The mean squared error of answering the mean of the training targets."""
        mean = train().mean(axis=0, dtype=np.float64)
        squares = np.square((test.astype(np.float64) - mean) / self._scales).sum(axis=1)
        return ChanceLevel(float(squares.mean()), 0.0)

    @property
    def _unit(self) -> str | None:
        """The unit of all quantities; None if they have several."""
        return self.units[0] if len(set(self.units)) == 1 else None

    @property
    def _scales(self) -> NDArray[np.float64]:
        return np.ones(self.outputs) if self._unit is not None else np.array(self.deviation)
