"""Bound `paper`: Lemma 1 as it is printed."""

from typing import ClassVar

from splitwave.device.rate.bound import Bound
from splitwave.device.rate.bounds.tight import TightBound


class PaperBound(TightBound):
    """D* with κ = 1: an upper bound too, above `tight` by ½ Σ_t P(c_t) c_t²  [QML-IB, eq. (14)]."""

    kappa: ClassVar[float] = 1.0


PAPER: Bound = PaperBound()
