"""What the base station's outputs are for: their loss, the answers they mean, how far those are off."""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from splitwave.common.data.dataset import Targets
from splitwave.common.protocol.arrays import Bytes, Float32
from splitwave.common.protocol.messages import Answered
from splitwave.common.tasks.task import Regression, Task


class Objective(Protocol):
    """d(y, ŷ) of the information-bottleneck objective, and what is reported of it."""

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(N,) distortions of (N, outputs) of the decoder."""
        ...

    def answers(self, outputs: Tensor) -> Answered:
        """(N,) answers."""
        ...

    def errors(self, answers: Answered, targets: Targets) -> float:
        """The sum of N answers' errors."""
        ...


class CrossEntropy:
    """Outputs are logits, answers classes; an error is a wrong one."""

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Nats; targets are (N,) int64 classes."""
        return functional.cross_entropy(outputs, targets, reduction="none")

    def answers(self, outputs: Tensor) -> Bytes:
        """(N,) uint8 classes."""
        classes: Bytes = outputs.argmax(dim=1).to(torch.uint8).numpy()
        return classes

    def errors(self, answers: Answered, targets: Targets) -> float:
        """How many classes are wrong."""
        return float(np.count_nonzero(answers != targets))


class SquaredError:
    """Outputs are one standardised time, answers nanoseconds; an error is the square of the deviation, ns²."""

    def __init__(self, task: Regression) -> None:
        """Args: what times are standardised by."""
        self._task = task

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """((y − offset)/scale − ŷ)²; targets are (N,) float32 nanoseconds."""
        standardised = (targets - self._task.offset_ns) / self._task.scale_ns
        return (standardised - outputs.squeeze(1)).square()

    def answers(self, outputs: Tensor) -> Float32:
        """(N,) float32 nanoseconds."""
        times_ns: Float32 = (self._task.offset_ns + self._task.scale_ns * outputs.squeeze(1)).numpy()
        return times_ns

    def errors(self, answers: Answered, targets: Targets) -> float:
        """Σ (y − ŷ)², ns², in float64."""
        return float(np.square(targets.astype(np.float64) - answers).sum())


def objective_of(task: Task) -> Objective:
    """The objective of a data set's task."""
    return SquaredError(task) if isinstance(task, Regression) else CrossEntropy()
