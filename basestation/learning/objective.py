"""The objective that the decoder is trained and measured by: its task, with the task's loss."""

from torch import Tensor

from splitwave.basestation.learning.losses import loss_of
from splitwave.common.tasks.task import Answers, Targets, Task


class Objective:
    """The distortion d(y, ŷ) of the information-bottleneck objective, the answers, and their errors."""

    def __init__(self, task: Task) -> None:
        """Import the task's loss.

        Raises:
            ConfigError: it cannot be imported.
        """
        self._task = task
        self._loss = loss_of(task)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N,) distortions of (N, outputs) of the decoder."""
        return self._loss(outputs, targets)

    def answers(self, outputs: Tensor) -> Answers:
        """(N,) answers of (N, outputs), which have no gradient."""
        return self._task.answers(outputs.numpy())

    def errors(self, answers: Answers, targets: Targets) -> float:
        """The sum of N answers' errors."""
        return self._task.errors(answers, targets)
