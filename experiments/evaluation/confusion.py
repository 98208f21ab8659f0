"""The confusion matrix of a classification."""

from dataclasses import dataclass

import numpy as np

from splitwave.common.protocol.arrays import Int64
from splitwave.common.tasks.task import Answers, Targets


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """How often a sample of each class got each answer.

    Attributes:
        counts: (classes, classes) int64; the row is the class, the column the answer.
    """

    counts: Int64

    @classmethod
    def empty(cls, classes: int) -> "ConfusionMatrix":
        """Return the matrix of no samples."""
        return cls(np.zeros((classes, classes), dtype=np.int64))

    def with_answers(self, targets: Targets, answers: Answers) -> "ConfusionMatrix":
        """Return the matrix with (B,) more samples counted."""
        counts = self.counts.copy()
        np.add.at(counts, (targets.astype(np.int64), answers.astype(np.int64)), 1)
        return ConfusionMatrix(counts)

    @property
    def error(self) -> float:
        """The share of wrong answers."""
        return float(self.counts.sum() - np.trace(self.counts)) / float(self.counts.sum())
