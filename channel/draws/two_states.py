"""A two-state Markov chain whose state at any position follows from keyed numbers, without the states before.

With p and q the probabilities to leave the good and the bad state, and ρ = 1 − p − q ≥ 0, the transition matrix is
P = (1 − ρ)·1πᵀ + ρ·I with the stationary law π = (q, p)/(p + q): at every position the chain keeps its state with
probability ρ, and else draws a new one from π. The state at a position is therefore the one drawn last, which one
uniform number a position says: the chain is exact, and stationary from position 0 on.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHUNK = 2048
"""Positions of one generator. Part of the reproducibility contract: another size gives other numbers."""

Booleans = NDArray[np.bool_]
ChunkGenerator = Callable[[int], np.random.Generator]


@dataclass(frozen=True, slots=True)
class TwoStateChain:
    """A chain of a good and a bad state.

    Attributes:
        p_bad: probability of good → bad.
        p_good: probability of bad → good; p_bad + p_good in (0, 1].
    """

    p_bad: float
    p_good: float

    @property
    def bad_share(self) -> float:
        """The stationary probability of the bad state."""
        return self.p_bad / (self.p_bad + self.p_good)

    def bad(self, generator_of: ChunkGenerator, first: int, count: int) -> Booleans:
        """(count,) whether the state is bad at the positions from `first` on.

        Args:
            generator_of: gives the generator of a chunk of positions by its number, at its beginning.
            first: position of the first state, ≥ 0.
            count: of states, ≥ 1.
        """
        uniform = chunked_uniform(generator_of, first, count)
        is_new = uniform >= self._kept
        bad = self._drawn_bad(uniform)
        if first == 0:
            is_new[0], bad[0] = True, uniform[0] < self.bad_share
        last = np.maximum.accumulate(np.where(is_new, np.arange(count), -1))
        if last[0] < 0:
            before = self._bad_at(generator_of, first - 1)
            return np.where(last < 0, before, bad[last])
        states: Booleans = bad[last]
        return states

    @property
    def _kept(self) -> float:
        """ρ."""
        return 1.0 - self.p_bad - self.p_good

    def _drawn_bad(self, uniform: NDArray[np.float64]) -> Booleans:
        """Whether a new state is bad: u in [ρ, ρ + p) of [ρ, 1)."""
        return uniform < self._kept + self.p_bad

    def _bad_at(self, generator_of: ChunkGenerator, position: int) -> bool:
        """The state at one position: looks back chunk by chunk for the last new one."""
        chunk, end = position // CHUNK, position % CHUNK + 1
        while True:
            uniform = generator_of(chunk).random(CHUNK)[:end]
            new = np.flatnonzero(uniform >= self._kept)
            if len(new) and (chunk or new[-1]):
                return bool(self._drawn_bad(uniform[new[-1]]))
            if chunk == 0:
                return bool(uniform[0] < self.bad_share)
            chunk, end = chunk - 1, CHUNK


def chunked_uniform(generator_of: ChunkGenerator, first: int, count: int, *, stream: int = 0) -> NDArray[np.float64]:
    """(count,) float64 uniform numbers of the positions from `first` on; a position's number is the same in any range.

    Args:
        generator_of: gives the generator of a chunk of positions by its number, at its beginning.
        first: position, ≥ 0.
        count: of numbers.
        stream: which of several numbers a position.
    """
    chunks = range(first // CHUNK, (first + count - 1) // CHUNK + 1)
    drawn = np.concatenate([generator_of(chunk).random((stream + 1) * CHUNK)[-CHUNK:] for chunk in chunks])
    start = first % CHUNK
    numbers: NDArray[np.float64] = drawn[start : start + count]
    return numbers
