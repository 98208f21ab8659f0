"""Regression of a propagation time: the answer is in nanoseconds, and its error is the squared deviation."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import DataError, ProtocolError
from splitwave.common.tasks.task import Answers, ChanceLevel, Targets
from splitwave.common.tasks.wording import ReadableError, Wording

SPEED_OF_LIGHT_M_S = 299_792_458.0


def root_in_metres(mse_ns2: float) -> float:
    """The distance that light travels in the root of a mean squared error."""
    return math.sqrt(mse_ns2) * 1e-9 * SPEED_OF_LIGHT_M_S


@dataclass(frozen=True, slots=True)
class Regression:
    """A propagation time in nanoseconds; a mean error is a mean square in ns².

    The decoder estimates (y − offset)/scale. Targets and answers are float32 nanoseconds.

    Attributes:
        offset_ns, scale_ns: mean and standard deviation of the distribution that the times are drawn from; they are
            known, not fitted to samples.
    """

    offset_ns: float
    scale_ns: float
    outputs: ClassVar = 1
    loss: ClassVar = "splitwave.basestation.learning.losses:squared_error"
    answer_dtype: ClassVar = np.float32
    answer_units: ClassVar = ("ns",)
    wording: ClassVar = Wording(
        distortion="standardised squared error",
        distortion_short="MSE",
        distortion_key="squared_error",
        error="mean squared error",
        error_key="mse_ns2",
        unit="ns²",
        readable=ReadableError("error, root mean square", "rmse_m", "m", root_in_metres),
        trivial_answer="the mean of the training samples",
    )

    def check_targets(self, targets: Targets) -> None:
        """Refuse targets that are not finite float32 times."""
        if targets.dtype != np.float32:
            raise DataError(f"{targets.dtype} targets: expected float32 nanoseconds")
        if not np.isfinite(targets).all():
            raise DataError(f"{np.count_nonzero(~np.isfinite(targets))} times are not finite")

    def check_answers(self, answers: Answers) -> None:
        """Refuse times that are not finite."""
        if not np.isfinite(answers).all():
            raise ProtocolError(f"{np.count_nonzero(~np.isfinite(answers))} predicted times are not finite")

    def answers(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N,) float32 nanoseconds of (N, 1) standardised times."""
        times_ns: NDArray[np.float32] = self.offset_ns + self.scale_ns * outputs[:, 0]
        return times_ns

    def errors(self, answers: Answers, targets: Targets) -> float:
        """Σ (y − ŷ)², ns², in float64."""
        return float(np.square(targets.astype(np.float64) - answers).sum())

    def error_interval(self, error: float, samples: int) -> None:
        """None: a mean square alone does not tell the spread of the squares."""

    def chance_level(self, train: Callable[[], Targets], test: Targets) -> ChanceLevel:
        """The mean squared error of answering the mean of the training targets."""
        deviations = test.astype(np.float64) - train().mean(dtype=np.float64)
        return ChanceLevel(float(np.mean(deviations**2)), 0.0)
