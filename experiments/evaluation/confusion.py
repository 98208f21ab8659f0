"""The confusion matrix of a classification."""

from dataclasses import dataclass

import numpy as np

from splitwave.common.protocol.arrays import Int64


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """How often a sample of each class got each answer.

    Attributes:
        counts: (classes, classes) int64; the row is the class, the column the answer.
    """

    counts: Int64

    @property
    def error(self) -> float:
        """The share of wrong answers."""
        return float(self.counts.sum() - np.trace(self.counts)) / float(self.counts.sum())
