"""How well a test split is answered without its input, and the remark on a result that is hardly better."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from splitwave.common.data.dataset import Split, Targets
from splitwave.common.tasks.task import Regression, Task, root_in_metres


@dataclass(frozen=True, slots=True)
class ChanceLevel:
    """What one answer to every test sample achieves.

    Attributes:
        error: its mean error: a share of wrong classes, or a mean squared error in ns².
        margin: how far below `error` a result must lie to be better than chance. For an error rate it is two standard
            deviations, given the number of test samples; for a mean squared error it is 0.
    """

    error: float
    margin: float


def chance_level(task: Task, labels: Callable[[Split], Targets]) -> ChanceLevel:
    """The error of answers that are given without the input.

    The answer is the commonest class of the test split, or the mean of the training answers.

    Args:
        task: decides which.
        labels: the answers of a split.
    """
    test = labels("test")
    if isinstance(task, Regression):
        deviations = test.astype(np.float64) - labels("train").mean(dtype=np.float64)
        return ChanceLevel(float(np.mean(deviations**2)), 0.0)
    _, counts = np.unique(test, return_counts=True)
    error = int(len(test) - counts.max()) / len(test)
    return ChanceLevel(error, 2 * math.sqrt(error * (1 - error) / len(test)))


def remarks_on(task: Task, error: float, chance: ChanceLevel | None) -> list[str]:
    """Sentences about a result, none where nothing is to be remarked.

    Args:
        task: whose errors these are.
        error: on the test split, which may be not a number.
        chance: of the same split; None if it is not known.
    """
    if chance is None or error < chance.error - chance.margin:
        return []
    reached, trivial = _in_words(task, error), _in_words(task, chance.error)
    answer = "the mean of the training samples" if isinstance(task, Regression) else "the commonest class"
    better = "no better" if chance.margin == 0 else "not clearly better"
    return [f"the test error, {reached}, is {better} than that of always answering {answer}, {trivial}"]


def _in_words(task: Task, error: float) -> str:
    if isinstance(task, Regression):
        return f"{root_in_metres(error):.4g} m" if math.isfinite(error) else str(error)
    return f"{100 * error:.2f} %"
