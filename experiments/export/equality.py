"""Compares what exported networks compute with what torch computes from the run's own weights."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splitwave.common.protocol.arrays import Float32
from splitwave.common.tasks.classification import Classification
from splitwave.common.tasks.task import Task
from splitwave.device.inference.part_encoder import array_level_indices

TIE = 1e-6
"""A feature so close to a breakpoint lies on either side of it, as the order of additions has it."""

REAL_TOLERANCE = 1e-5
"""The largest difference of real symbols, and of a decoder's outputs relative to the largest of a sample."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many values are equal.

    Attributes:
        what: such as "encoder of device 0".
        unit: such as "levels".
        equal, different: how many values are equal, and are not.
        ties: how many of the different ones lie so close to a boundary that both are right.
        largest_difference: of the real numbers that they follow from.
    """

    what: str
    unit: str
    equal: int
    different: int
    ties: int
    largest_difference: float

    @property
    def faults(self) -> int:
        """How many values differ and are no ties."""
        return self.different - self.ties


def compare_levels(what: str, expected: Float32, found: Float32, breakpoints: Float32) -> Comparison:
    """Compare the levels of features, (N, d) of torch and of the graph; real symbols if there are no breakpoints."""
    distance = np.abs(expected - found)
    largest = float(distance.max(initial=0.0))
    if not len(breakpoints):
        different = int(np.count_nonzero(~(distance <= REAL_TOLERANCE)))
        return Comparison(what, "symbols", expected.size - different, different, 0, largest)
    differs = array_level_indices(expected, breakpoints) != array_level_indices(found, breakpoints)
    # A breakpoint lies between the two features: one of them is near enough to it if they are near each other.
    ties = (
        differs
        & (distance <= 2 * TIE)
        & (np.minimum(*(_to_breakpoint(z, breakpoints) for z in (expected, found))) <= TIE)
    )
    count = int(np.count_nonzero(differs))
    return Comparison(what, "levels", differs.size - count, count, int(np.count_nonzero(ties)), largest)


def compare_answers(what: str, task: Task, expected: Float32, found: Float32) -> Comparison:
    """Compare the answers that follow from a decoder's outputs, (N, outputs) of torch and of the graph."""
    distance = np.abs(expected - found).max(axis=1)
    scale = np.maximum(1, np.abs(expected).max(axis=1))
    near = distance <= REAL_TOLERANCE * scale
    is_class = isinstance(task, Classification)  # numbers are equal if they differ by no more than rounding
    differs = task.answers(expected) != task.answers(found) if is_class else ~near
    different, ties = int(np.count_nonzero(differs)), int(np.count_nonzero(differs & near))
    return Comparison(what, "answers", len(expected) - different, different, ties, float(distance.max(initial=0.0)))


def _to_breakpoint(z: Float32, breakpoints: Float32) -> NDArray[np.float64]:
    """The distance of each feature to the nearest breakpoint."""
    above = np.minimum(np.searchsorted(breakpoints, z), len(breakpoints) - 1)
    below = np.maximum(above - 1, 0)
    grid = breakpoints.astype(np.float64)
    nearest: NDArray[np.float64] = np.minimum(np.abs(z - grid[above]), np.abs(z - grid[below]))
    return nearest
