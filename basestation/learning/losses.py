"""The losses of the tasks.

Each takes the task, (N, outputs) of the decoder and N targets, and returns (N,) distortions. A task refers to its loss
by module and function, so that reading settings imports no torch.
"""

from collections.abc import Callable
from functools import partial
from pkgutil import resolve_name

from torch import Tensor
from torch.nn import functional

from splitwave.common.errors import ConfigError
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.regression import Regression
from splitwave.common.tasks.task import Task
from splitwave.common.tasks.vector_regression import VectorRegression

Loss = Callable[[Tensor, Tensor], Tensor]


def loss_of(task: Task) -> Loss:
    """The loss of a task, d(y, ŷ) of the information-bottleneck objective.

    Raises:
        ConfigError: it cannot be imported.
    """
    try:
        return partial(resolve_name(task.loss), task)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"the loss of {task}, {task.loss}, cannot be imported: {error}") from error


def cross_entropy(_task: Classification, outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy in nats; targets are (N,) int64 classes."""
    return functional.cross_entropy(outputs, targets, reduction="none")


def squared_error(task: Regression, outputs: Tensor, targets: Tensor) -> Tensor:
    """((y − offset)/scale − ŷ)²; targets are (N,) float32 nanoseconds."""
    standardised = (targets - task.offset_ns) / task.scale_ns
    return (standardised - outputs.squeeze(1)).square()


def standardised_squares(task: VectorRegression, outputs: Tensor, targets: Tensor) -> Tensor:
    """The mean over D quantities of ((y − mean)/deviation − ŷ)²; targets are (N, D) float32."""
    standardised = (targets - outputs.new_tensor(task.mean)) / outputs.new_tensor(task.deviation)
    return (standardised - outputs).square().mean(dim=1)
