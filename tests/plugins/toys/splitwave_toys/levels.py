"""A task as another package would add it: one of some ordered levels, with the absolute error as loss."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from splitwave.common.errors import DataError, ProtocolError
from splitwave.common.tasks.task import Answers, ChanceLevel, Targets
from splitwave.common.tasks.wording import Wording

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Levels:
    """Levels 0 … `count` − 1; the error of an answer is its distance from the target."""

    count: int
    outputs: ClassVar = 1
    loss: ClassVar = "splitwave_toys.levels:absolute_error"
    answer_dtype: ClassVar = np.uint8
    wording: ClassVar = Wording(
        distortion="absolute error", distortion_short="AE", distortion_key="absolute_error",
        error="mean absolute error", error_key="mae_levels", unit="levels", trivial_answer="the median level",
    )  # fmt: skip

    def check_targets(self, targets: Targets) -> None:
        if targets.dtype != np.int64 or not ((targets >= 0) & (targets < self.count)).all():
            raise DataError(f"expected int64 levels 0 to {self.count - 1}")

    def check_answers(self, answers: Answers) -> None:
        if int(answers.max()) >= self.count:
            raise ProtocolError(f"level {answers.max()}: expected 0 to {self.count - 1}")

    def answers(self, outputs: np.ndarray) -> Answers:
        return outputs[:, 0].round().clip(0, self.count - 1).astype(np.uint8)

    def errors(self, answers: Answers, targets: Targets) -> float:
        return float(np.abs(targets - answers).sum())

    def error_interval(self, error: float, samples: int) -> None:
        """Unknown: the mean alone does not tell how far errors are spread."""

    def chance_level(self, train: Callable[[], Targets], test: Targets) -> ChanceLevel:
        return ChanceLevel(float(np.abs(test - np.median(train())).mean()), 0.0)


def absolute_error(_task: Levels, outputs: "Tensor", targets: "Tensor") -> "Tensor":
    return (outputs.squeeze(1) - targets).abs()
