"""The protocol of tasks: the question of a data set to the base station.

A task is everything that follows from the kind of answer: the decoder's outputs, their loss, the answers and their
errors, and the words for these numbers. Nothing else in Splitwave asks which task it is. A new task is a module that
implements `Task` and a data set whose `TASK` it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from splitwave.common.tasks.wording import Wording

Targets = NDArray[np.int64] | NDArray[np.float32]
"""(N,) targets: classes, or numbers such as nanoseconds; (N, D) of a task with `SeveralNumbers` in its answers."""

Answers = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]
"""(B,) answers of the base station, or (B, D) likewise. Messages carry these dtypes."""


@dataclass(frozen=True, slots=True)
class ChanceLevel:
    """The result of giving one and the same answer to every test sample.

    Attributes:
        error: its mean error.
        margin: how far below `error` a result must lie to be better than chance, such as two standard deviations.
    """

    error: float
    margin: float


@runtime_checkable
class SeveralNumbers(Protocol):
    """A task whose answer to a sample is several numbers."""

    @property
    def answer_size(self) -> int:
        """D, numbers in an answer."""
        ...


@lru_cache(maxsize=16)
def answer_size(task: "Task") -> int | None:
    """D of a task with `SeveralNumbers` in its answers; None of others.

    It is asked for each answer, and a protocol at run time is looked up attribute by attribute, which takes longer than
    all else there.
    """
    return task.answer_size if isinstance(task, SeveralNumbers) else None


@runtime_checkable
class AnswersWithUnits(Protocol):
    """A task whose answers are numbers with units."""

    @property
    def answer_units(self) -> tuple[str, ...]:
        """The unit of each number in an answer; an empty text for a plain number."""
        ...


@runtime_checkable
class Task(Protocol):
    """One kind of answer. Implementations are frozen dataclasses, so tasks with equal parameters are equal.

    Reading settings imports the task of the data set, so a task imports no torch: its loss is a reference.
    """

    @property
    def outputs(self) -> int:
        """Outputs of the decoder."""
        ...

    def __hash__(self) -> int:
        """Equal tasks have equal hashes."""
        ...

    @property
    def loss(self) -> str:
        """The place of the loss, `module:function`; only the base station imports it.

        The function takes the task, (N, outputs) float32 outputs with a gradient and a tensor of N targets, and returns
        (N,) distortions d(y, ŷ) in the unit of `wording.distortion_unit`.
        """
        ...

    @property
    def answer_dtype(self) -> type[np.uint8 | np.uint16 | np.float32]:
        """The dtype of the answers: the wire carries uint8 and uint16 classes, and float32 numbers."""
        ...

    @property
    def wording(self) -> Wording:
        """The names and units of the task's numbers, in files, lines and figures."""
        ...

    def check_targets(self, targets: Targets) -> None:
        """Refuse targets that the loss could not take.

        Raises:
            DataError: another dtype, or a value out of range.
        """
        ...

    def check_answers(self, answers: Answers) -> None:
        """Refuse answers that a base station cannot have given; there is at least one, of the right dtype.

        Raises:
            ProtocolError: a value is out of range.
        """
        ...

    def answers(self, outputs: NDArray[np.float32]) -> Answers:
        """(N,) answers of (N, outputs) of the decoder."""
        ...

    def errors(self, answers: Answers, targets: Targets) -> float:
        """The sum of N answers' errors; divided by N it is the mean error that is reported."""
        ...

    def error_interval(self, error: float, samples: int) -> tuple[float, float] | None:
        """The 95 % interval of the mean error of independent samples; None if the mean alone does not determine it."""
        ...

    def chance_level(self, train: Callable[[], Targets], test: Targets) -> ChanceLevel:
        """The best that is possible without the inputs, `wording.trivial_answer`.

        Args:
            train: gives the training targets, which may take a download.
            test: the targets that are answered.
        """
        ...
