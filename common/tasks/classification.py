"""Classification: the answer is one of several classes; the error of a wrong answer is 1."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from splitwave.common.errors import DataError, ProtocolError
from splitwave.common.tasks.task import Answers, ChanceLevel, Targets
from splitwave.common.tasks.wording import Wording

_NORMAL_QUANTILE = 1.959964
"""The 97.5 % quantile of the standard normal distribution."""

_CLASSES_IN_A_BYTE = 256


@dataclass(frozen=True, slots=True)
class Classification:
    """One of `classes` classes, at most 65,535; a mean error is the share of wrong answers.

    The decoder has one logit per class. Targets are int64, answers uint8, or uint16 of more than 256 classes.
    """

    classes: int
    loss: ClassVar = "splitwave.basestation.learning.losses:cross_entropy"
    wording: ClassVar = Wording(
        distortion="cross-entropy",
        distortion_short="CE",
        distortion_key="cross_entropy",
        distortion_unit="nats",
        error="classification error",
        error_key="error_rate",
        epoch_error_key="error",
        unit="%",
        scale=100.0,
        decimals=2,
        trivial_answer="the commonest class",
    )

    @property
    def outputs(self) -> int:
        """One logit per class."""
        return self.classes

    @property
    def answer_dtype(self) -> type[np.uint8 | np.uint16]:
        """The smallest dtype that holds a class."""
        return np.uint8 if self.classes <= _CLASSES_IN_A_BYTE else np.uint16

    def check_targets(self, targets: Targets) -> None:
        """Refuse targets that are not int64 classes."""
        if targets.dtype != np.int64:
            raise DataError(f"{targets.dtype} targets: expected int64 classes")
        if len(targets) and not 0 <= targets.min() <= targets.max() < self.classes:
            raise DataError(f"classes {targets.min()} to {targets.max()}: expected 0 to {self.classes - 1}")

    def check_answers(self, answers: Answers) -> None:
        """Refuse classes that do not exist."""
        if int(answers.max()) >= self.classes:
            raise ProtocolError(f"class {answers.max()} in a prediction: expected 0 to {self.classes - 1}")

    def answers(self, outputs: NDArray[np.float32]) -> Answers:
        """(N,) classes of the largest of (N, classes) logits, the first of equal ones."""
        classes: Answers = outputs.argmax(axis=1).astype(self.answer_dtype)
        return classes

    def errors(self, answers: Answers, targets: Targets) -> float:
        """How many classes are wrong."""
        return float(np.count_nonzero(answers != targets))

    def error_interval(self, error: float, samples: int) -> tuple[float, float]:
        """Wilson's 95 % interval of the probability of a wrong answer."""
        return wilson_interval(error, samples)

    def chance_level(self, train: Callable[[], Targets], test: Targets) -> ChanceLevel:  # noqa: ARG002
        """The error of the commonest class of the test split, and two standard deviations of it."""
        _, counts = np.unique(test, return_counts=True)
        error = int(len(test) - counts.max()) / len(test)
        return ChanceLevel(error, 2 * math.sqrt(error * (1 - error) / len(test)))


def wilson_interval(share: float, count: int) -> tuple[float, float]:
    """Wilson's two-sided 95 % interval of a probability.

    Queries about one sample are not independent trials: with samples as `count` the interval is too wide, if anything.

    Args:
        share: observed, in [0, 1].
        count: number of independent trials, ≥ 1.
    """
    z_squared = _NORMAL_QUANTILE**2
    centre = share + z_squared / (2 * count)
    spread = _NORMAL_QUANTILE * math.sqrt(share * (1 - share) / count + z_squared / (4 * count**2))
    scale = 1 + z_squared / count
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
