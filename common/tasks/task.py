"""What a data set asks of the base station, and how far its answers may be said to be off."""

import math
from dataclasses import dataclass

SPEED_OF_LIGHT_M_S = 299_792_458.0


@dataclass(frozen=True, slots=True)
class Classification:
    """One of `classes` classes; an answer's error is 1 where it is wrong, so a mean is the share of wrong ones."""

    classes: int

    @property
    def outputs(self) -> int:
        """Logits of a decoder."""
        return self.classes


@dataclass(frozen=True, slots=True)
class Regression:
    """A propagation time in nanoseconds; an answer's error is its squared deviation, ns².

    Networks are trained on (y − offset)/scale and put out an estimate of it.

    Attributes:
        offset_ns, scale_ns: mean and standard deviation of the law that the times are drawn from, not fitted to any.
    """

    offset_ns: float
    scale_ns: float

    @property
    def outputs(self) -> int:
        """Of a decoder."""
        return 1


Task = Classification | Regression


def root_in_metres(mse_ns2: float) -> float:
    """What light travels in the root of a mean squared error, for people."""
    return math.sqrt(mse_ns2) * 1e-9 * SPEED_OF_LIGHT_M_S
