"""How well a test split is answered without its input, and the remark on a result that is no better."""

import math
from collections.abc import Callable

import numpy as np

from common.data.dataset import Split, Targets
from common.summary import Summary
from common.task import Regression, Task, root_in_metres


def error_without_input(task: Task, labels: Callable[[Split], Targets]) -> float:
    """The mean error of one answer to every test sample.

    The answer is the commonest class of the test split, or the mean of the training answers; the error is a share of
    wrong classes, or a mean squared error in ns².

    Args:
        task: decides which.
        labels: the answers of a split.
    """
    test = labels("test")
    if isinstance(task, Regression):
        deviations = test.astype(np.float64) - labels("train").mean(dtype=np.float64)
        return float(np.mean(deviations**2))
    _, counts = np.unique(test, return_counts=True)
    return int(len(test) - counts.max()) / len(test)


def remarks_on(task: Task, error: float, without_input: float | None) -> Summary:
    """The entry `remarks` of a summary: a list of sentences, or no entry where nothing is to be remarked.

    Args:
        task: whose errors these are.
        error: on the test split, which may be not a number.
        without_input: the result of `error_without_input`; None if it is not known.
    """
    if without_input is None or error < without_input:
        return {}
    reached, trivial = _in_words(task, error), _in_words(task, without_input)
    answer = "the mean of the training samples" if isinstance(task, Regression) else "the commonest class"
    return {
        "remarks": [f"the test error, {reached}, is no better than that of always answering {answer}, {trivial}"],
    }


def _in_words(task: Task, error: float) -> str:
    if isinstance(task, Regression):
        return f"{root_in_metres(error):.4g} m" if math.isfinite(error) else str(error)
    return f"{100 * error:.2f} %"
